/**
 * The run of show: every speaker in running order, how each stands, and what is likely wanted of them next.
 * Pure: a session's state in, rows out. Who is billed has a row before anybody knows who they are; who is here
 * without being on the list (a chair, an encoder) stands apart, so that nobody goes on stage unseen.
 */

/** @import { Billed, Clock, Cue, Media, Person, Preflight } from '../shared/protocol.js' */
/** @import { State } from '../shared/store.js' */

import { clockOf, isOver, nextSpeaker, onAir, preflightOf, runningOrder } from '../shared/selectors.js';

/** Roles that belong on stage without being asked. */
const SPEAKING = new Set(['speaker', 'chair', 'interpreter']);

/**
 * @typedef {'measure' | 'backstage' | 'standby' | 'clear' | 'invite'} Step what a producer may have a speaker do
 *
 * @typedef {'green' | 'amber' | 'red' | 'running' | 'none'} Light how the last pre-flight went
 *
 * @typedef {object} Row
 * @property {string} id of the cue; the participant's where there is none
 * @property {string} name
 * @property {Person | null} person who it is, once known
 * @property {string} about title and affiliation
 * @property {Cue | null} cue null: here, but not on the list
 * @property {boolean} chair
 * @property {boolean} next whose turn it is
 * @property {boolean} air the audience has them now: not in a break, nor behind a slate
 * @property {boolean} here holds a page open
 * @property {readonly Media[] | null} sends what arrives of them, alive or cut off; null: not known
 * @property {Light} light
 * @property {Preflight | undefined} preflight
 * @property {Clock | undefined} clock
 */

/**
 * List the speakers in running order, then those who are here and on no list.
 *
 * @param {State} state
 * @returns {{ run: Row[], others: Row[] }}
 */
export function runOfShow(state) {
  const people = state.presence.people ?? [];
  const chairs = new Set((state.session?.programme?.chairs ?? []).map(({ id }) => id));
  const billed = new Map((state.session?.programme?.speakers ?? []).map((one) => [one.id, one]));
  const next = nextSpeaker(state)?.id;
  const air = new Set(onAir(state).map(({ id }) => id));
  const { known, relay, publications } = state.media;
  const sends = (/** @type {string} */ id) => publications.filter((p) => p.participant === id);

  // The stage of a session that is over stays as it was, in case the end was a mistake; nobody is on air on it.
  const told = (/** @type {Cue | null} */ cue) =>
    cue?.state === 'on_air' && isOver(state.session?.status) ? { ...cue, state: /** @type {const} */ ('cleared') } : cue;
  const row = (/** @type {string} */ id, /** @type {Person | null} */ person, /** @type {Cue | null} */ cue) => {
    const preflight = preflightOf(state, id);
    /** @type {Row} */
    const made = {
      id,
      name: person?.name ?? billed.get(id)?.name ?? id,
      person,
      about: aboutOf(person ?? billed.get(id)),
      cue: told(cue),
      chair: person?.role === 'chair' || chairs.has(id) || (person !== null && chairs.has(person.id)),
      next: !!cue && id === next,
      air: person !== null && air.has(person.id),
      here: person !== null && people.some((p) => p.id === person.id),
      sends: known && relay ? (person ? sends(person.id) : []) : null,
      light: lightOf(preflight),
      preflight,
      clock: clockOf(state, id),
    };
    return made;
  };

  const run = runningOrder(state).map((cue) => row(cue.id, cue.person ?? arrived(state, cue.id), cue));
  const listed = new Set(run.map((one) => one.person?.id));
  // Whoever of the crew talks backstage sends a microphone, and is nobody for the stage.
  const crew = new Set(state.crew.map(({ id }) => id));
  const sendsPicture = (/** @type {string} */ id) =>
    sends(id).some((p) => (p.source === 'camera' && (p.video || !crew.has(id))) || p.source === 'slides');
  const present = people.filter((p) => !listed.has(p.id) && (SPEAKING.has(p.role) || sendsPicture(p.id)));
  const seen = new Set([...listed, ...people.map((p) => p.id)]);
  const encoders = [...new Set(publications.filter((p) => p.source !== 'hall').map((p) => p.participant))]
    .filter((id) => !seen.has(id))
    .map((id) => ({ id, name: id, role: /** @type {const} */ ('speaker') }));
  return { run, others: [...present, ...encoders].map((person) => row(person.id, person, null)) };
}

/** Write what stands below a name. @param {Person | Billed | undefined} one */
const aboutOf = (one) => [one?.title, one?.affiliation].filter(Boolean).join(', ');

/**
 * Find who came by an invitation for a billed speaker, or bears their id: their first step makes them that speaker.
 *
 * @param {State} state
 * @param {string} id
 */
const arrived = (state, id) => (state.presence.people ?? []).find((p) => p.id === id || p.billed === id) ?? null;

/** @param {Preflight | undefined} preflight @returns {Light} */
export const lightOf = (preflight) => (preflight ? (preflight.grade ?? 'running') : 'none');

/** Whether nothing of them arrives; not so while nobody can tell. @param {Row} row */
export const isUnseen = ({ sends }) => sends !== null && !sends.some((p) => p.live);

/** Whether a picture of them arrives now. @param {Row} row */
export const hasPicture = (row) => (row.sends ?? []).some((p) => p.live && p.video && p.source === 'camera');

/** Whether they may be looked at in the preview: known, and not on stage. @param {Row} row */
export const mayPick = ({ person, cue }) => person !== null && cue?.state !== 'on_air';

/**
 * Say what is likely wanted of a speaker next, so that a row needs one button.
 *
 * @param {Row} row
 * @returns {Step | null} null: nothing but waiting, or what the desk's own buttons do
 */
export function likely(row) {
  if (!row.person) return null;
  if (!row.cue) return 'invite';
  switch (row.cue.state) {
    case 'invited':
      return row.light === 'none' && hasPicture(row) ? 'measure' : row.here ? 'backstage' : null;
    case 'checked':
    case 'backstage':
      return row.light === 'none' && hasPicture(row) ? 'measure' : 'standby';
    case 'cleared':
      return row.here ? 'backstage' : null;
    default:
      return null;
  }
}

/** From which cues a step leads on; the server's table, so that no button is there that cannot be. */
const FROM = /** @type {const} */ ({
  measure: ['invited', 'checked', 'backstage', 'standby', 'cleared'],
  backstage: ['invited', 'checked', 'standby', 'cleared'],
  standby: ['checked', 'backstage'],
  clear: ['invited', 'checked', 'backstage', 'standby'],
});

/**
 * List what may be done with a speaker.
 *
 * @param {Row} row
 * @returns {readonly Step[]}
 */
export function steps(row) {
  if (!row.cue) return row.person ? ['invite'] : [];
  const { state } = row.cue;
  return /** @type {(keyof typeof FROM)[]} */ (Object.keys(FROM)).filter(
    (step) => (row.person || step === 'clear') && /** @type {readonly string[]} */ (FROM[step]).includes(state),
  );
}

/**
 * Move a speaker up or down.
 *
 * @param {readonly Row[]} run
 * @param {string} id
 * @param {1 | -1} by
 * @returns {string[] | null} the new order, whole; null at an end
 */
export function moved(run, id, by) {
  const ids = run.map((row) => row.id);
  const [at, to] = [ids.indexOf(id), ids.indexOf(id) + by];
  if (at < 0 || to < 0 || to >= ids.length) return null;
  ids.splice(at, 1);
  ids.splice(to, 0, id);
  return ids;
}

/**
 * Choose the row above or below the one looked at.
 *
 * @param {readonly Row[]} rows
 * @param {string | null} id
 * @param {1 | -1} by
 */
export function beside(rows, id, by) {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return (by > 0 ? rows[0] : rows.at(-1))?.id ?? null;
  return rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.id ?? null;
}

/**
 * Say who is in the preview: whom the producer has picked, unless they have gone on; else who is next.
 *
 * @param {readonly Row[]} rows
 * @param {string | null} picked
 */
export function previewed(rows, picked) {
  return rows.find((row) => row.id === picked && row.cue?.state !== 'on_air') ?? rows.find((row) => row.next && row.person) ?? null;
}
