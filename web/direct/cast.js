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
 * @property {readonly Media[] | null} sends what arrives of this person, alive or cut off; null: not known
 */

/**
 * List who is on stage, the main picture first, and who waits.
 *
 * @param {State} state
 * @returns {{ stage: CastMember[], waiting: CastMember[] }}
 */
export function cast(state) {
  const people = state.presence.people ?? [];
  const { known: told, relay, publications } = state.media;
  const sends = (/** @type {string} */ id) => publications.filter((p) => p.participant === id);
  const member = (/** @type {Person} */ person) => ({
    person,
    here: people.some((p) => p.id === person.id),
    sends: told && relay ? sends(person.id) : null,
  });
  const onStage = new Set(state.stage.map((person) => person.id));
  const present = people.filter((p) => SPEAKING.has(p.role) || sendsPicture(sends(p.id)));
  const known = new Set([...onStage, ...people.map((p) => p.id)]);
  const unseen = new Set(
    publications.filter((p) => p.source !== 'hall' && !known.has(p.participant)).map((p) => p.participant),
  );
  const encoders = [...unseen].map((id) => ({ id, name: id, role: /** @type {const} */ ('speaker') }));
  const waiting = [...present.filter((p) => !onStage.has(p.id)), ...encoders].map(member);
  return {
    stage: state.stage.map(member),
    // Who sends comes first: that is who can go on now.
    waiting: waiting.sort((a, b) => (b.sends?.length ? 1 : 0) - (a.sends?.length ? 1 : 0)),
  };
}

/** @param {readonly Media[]} sends */
const sendsPicture = (sends) => sends.some((p) => p.source === 'camera' || p.source === 'slides');
