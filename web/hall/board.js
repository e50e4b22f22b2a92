/**
 * What the hall reads, from the session as it is and the server's time. Pure. The law: one thing at a time
 * is asked of the room, nothing is counted down to that nobody has said, and a result that is hidden from
 * the room is in no number here.
 */

/** @import { Person, Poll } from '../shared/protocol.js' */
/** @import { State } from '../shared/store.js' */
/** @import { Item } from '../entrance/day.js' */

import { isOver, onAir, onScreen, pollOnScreen, resultOf, slate } from '../shared/store.js';

/** Nobody counts down from further away: the time of day says it better. */
const COUNTED_MS = 12 * 3_600_000;

/**
 * How the page was asked for by its link: `kiosk` without hands, `silent` without sound, `door` whether
 * phones are shown the way in, `captions` in which language (any, where it is empty; `null`: none).
 *
 * @param {string} search of the page's address
 */
export function modeOf(search) {
  const asked = new URLSearchParams(search);
  const door = asked.get('qr') !== 'none';
  return { kiosk: asked.has('kiosk'), silent: asked.has('silent'), door, captions: asked.get('captions') };
}

/**
 * Return somebody with what the programme says of them, where their own invitation does not.
 *
 * @param {State} state
 * @param {Person} person
 * @returns {{ id: string, name: string, title: string, affiliation: string }}
 */
export function introduced(state, person) {
  const { programme } = state.session ?? {};
  const named = [...(programme?.speakers ?? []), ...(programme?.chairs ?? [])];
  const billed = named.find(({ id }) => id === person.billed) ?? named.find(({ name }) => name === person.name);
  return {
    id: person.id,
    name: person.name,
    title: person.title || billed?.title || '',
    affiliation: person.affiliation || billed?.affiliation || '',
  };
}

/**
 * Return who speaks from the floor, as long as the room sees the stage; somebody on stage has their badge.
 *
 * @param {State} state
 * @returns {Person | null}
 */
export function fromTheFloor(state) {
  if (state.session?.status !== 'live' || slate(state) !== null) return null;
  const person = state.floor.speaking?.person;
  return !person || onAir(state).some(({ id }) => id === person.id) ? null : person;
}

/**
 * Return the moment that is waited for: the beginning, or the end of a break.
 *
 * @param {State} state
 * @param {number} now
 * @returns {{ until: 'start' | 'resume', left: number } | null} `left` in ms, never below zero
 */
export function awaited(state, now) {
  const { session, timetable } = state;
  const begins = timetable?.start ?? session?.programme?.start;
  const at = { planned: begins, doors: begins, paused: session?.resumes }[String(session?.status)];
  if (!at || at - now > COUNTED_MS || at <= now) return null;
  return { until: session?.status === 'paused' ? 'resume' : 'start', left: at - now };
}

/**
 * Say what is asked of the room now.
 *
 * @param {State} state
 * @returns {'question' | 'poll' | 'nothing'}
 */
export function asked(state) {
  if (state.session?.status !== 'live' && state.session?.status !== 'paused') return 'nothing';
  if (onScreen(state)) return 'question';
  return pollOnScreen(state) ? 'poll' : 'nothing';
}

/**
 * Say how large the phones' way in is shown: large while the room waits, small while it is asked something.
 *
 * @param {State} state
 * @returns {'large' | 'small' | 'none'}
 */
export function doorway(state) {
  const status = state.session?.status;
  if (asked(state) !== 'nothing') return 'small';
  if (status === 'planned' || status === 'doors' || status === 'paused') return 'large';
  // While somebody speaks from the floor, the room looks at who that is.
  const hands = state.floor.open && !state.floor.speaking;
  return status === 'live' && slate(state) === null && hands ? 'small' : 'none';
}

/**
 * Say how a poll stands: each option with its share, and of a rating the mean. Hidden results are `null`.
 *
 * @param {State} state
 * @param {Poll} poll
 * @returns {{ voters: number, options: { text: string, share: number | null, most: boolean }[], mean: number | null }}
 *   `share` from 0 to 1, of all who voted; `most`: nobody has more
 */
export function standings(state, poll) {
  const { voters, counts } = resultOf(state, poll);
  const most = counts ? Math.max(1, ...counts) : 0;
  const options = poll.options.map((text, i) => {
    const count = counts?.[i] ?? 0;
    return { text, share: counts ? count / Math.max(1, voters) : null, most: !!counts && count === most };
  });
  const given = counts?.reduce((sum, count) => sum + count, 0) ?? 0;
  const sum = counts?.reduce((all, count, i) => all + count * (i + 1), 0) ?? 0;
  return { voters, options, mean: poll.kind === 'rating' && given ? sum / given : null };
}

/**
 * Return what comes next in the same room, the same day or not.
 *
 * @param {readonly Item[]} items of the event's programme
 * @param {string} session the one that is over
 * @returns {Item | null}
 */
export function nextHere(items, session) {
  const over = items.find(({ id }) => id === session);
  if (!over) return null;
  const later = items.filter(
    (item) => !item.withdrawn && item.room === over.room && item.start >= over.end && !isOver(item.status ?? undefined),
  );
  return later.sort((a, b) => a.start - b.start)[0] ?? null;
}
