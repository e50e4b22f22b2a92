/**
 * Who could be on stage. Pure: a session's state in, the producer's list out. Speakers count whether
 * they hold a page open or only send (an encoder, a device); the audience never stands in this list.
 */

/** @import { Media, Person } from '../shared/protocol.js' */
/** @import { State } from '../shared/store.js' */

/** Roles that belong on stage without being asked. */
const SPEAKING = new Set(['speaker', 'chair', 'interpreter']);

/**
 * @typedef {object} CastMember
 * @property {Person} person
 * @property {boolean} here holds a page open
 * @property {readonly Media[]} sends what arrives of this person, alive or cut off
 */

/**
 * List who is on stage, the main picture first, and who waits.
 *
 * @param {State} state
 * @returns {{ stage: CastMember[], waiting: CastMember[] }}
 */
export function cast(state) {
  const people = state.presence.people ?? [];
  const sends = (/** @type {string} */ id) => state.media.publications.filter((p) => p.participant === id);
  const member = (/** @type {Person} */ person) => ({
    person,
    here: people.some((p) => p.id === person.id),
    sends: sends(person.id),
  });
  const onStage = new Set(state.stage.map((person) => person.id));
  const present = people.filter((p) => SPEAKING.has(p.role) || sendsPicture(sends(p.id)));
  const known = new Set([...onStage, ...people.map((p) => p.id)]);
  const unseen = new Set(
    state.media.publications.filter((p) => p.source !== 'hall' && !known.has(p.participant)).map((p) => p.participant),
  );
  const encoders = [...unseen].map((id) => ({ id, name: id, role: /** @type {const} */ ('speaker') }));
  const waiting = [...present.filter((p) => !onStage.has(p.id)), ...encoders].map(member);
  return {
    stage: state.stage.map(member),
    // Who sends comes first: that is who can go on now.
    waiting: waiting.sort((a, b) => Number(b.sends.length > 0) - Number(a.sends.length > 0)),
  };
}

/** @param {readonly Media[]} sends */
const sendsPicture = (sends) => sends.some((p) => p.source === 'camera' || p.source === 'slides');
