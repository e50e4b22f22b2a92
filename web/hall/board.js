/**
 * What the hall reads, from the session as it is and the server's time. Pure. The law: one thing at a time
 * is asked of the room, nothing is counted down to that nobody has said, and a result that is hidden from
 * the room is in no number here.
 */

/** @import { Declaration, Person, Poll } from '../shared/protocol.js' */
/** @import { State } from '../shared/store.js' */
/** @import { Item } from '../entrance/day.js' */

import { letters } from '../shared/letters.js';
import { declarationOnScreen, onAir, onScreen, pollOnScreen, resultOf, signatureOf, slate } from '../shared/selectors.js';

/** Nobody counts down from further away: the time of day says it better. */
const COUNTED_MS = 12 * 3_600_000;

/** Up to so many options stand one below the other, up to so many in two columns with room for two lines. */
const FEW = 4;
const SOME = 8;

/** Wider than so many letters, a poll's question takes a third line where the board has two thirds of a screen,
 * and an option a second. */
const LONG_TEXT = 64;
const LONG_OPTION = 28;

/** Organisations that the last row can read at once; more are shown a part at a time, for so long each. */
export const ROLL = 24;
const ROLL_MS = 8000;

/** A text that is read out, in parts that fit: so many letters each (a Chinese one counts twice), turned at the pace of a voice. */
const PASSAGE = 400;
const PASSAGE_MS = 25_000;

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
 * @returns {'question' | 'poll' | 'declaration' | 'nothing'}
 */
export function asked(state) {
  if (state.session?.status !== 'live' && state.session?.status !== 'paused') return 'nothing';
  if (onScreen(state)) return 'question';
  if (pollOnScreen(state)) return 'poll';
  return declarationOnScreen(state) ? 'declaration' : 'nothing';
}

/**
 * Say how large the phones' way in is shown: large while the room waits, small while it is asked something.
 *
 * @param {State} state
 * @returns {'large' | 'small' | 'none'}
 */
export function doorway(state) {
  const status = state.session?.status;
  if (asked(state) === 'declaration') return 'none';
  if (asked(state) !== 'nothing') return 'small';
  if (status === 'planned' || status === 'doors' || status === 'paused') return 'large';
  // While somebody speaks from the floor, the room looks at who that is.
  const hands = state.floor.open && !state.floor.speaking;
  return status === 'live' && slate(state) === null && hands ? 'small' : 'none';
}

/**
 * Say how closely the options of a poll stand: by how many they are, and closer where one of them is long.
 *
 * @param {Poll} poll
 * @returns {'few' | 'some' | 'many'}
 */
export function density({ text, options }) {
  const long = letters(text) > LONG_TEXT || options.some((option) => letters(option) > LONG_OPTION);
  if (options.length > (long ? FEW : SOME)) return 'many';
  return long || options.length > FEW ? 'some' : 'few';
}

/** Return how many options stand one below the other: all of a few, however long, else half. @param {number} options */
export const rowsOf = (options) => (options > FEW ? Math.ceil(options / 2) : options);

/**
 * Return the organisations of a declaration that the hall reads at the server's time `at`, in their order.
 *
 * @param {Declaration} declaration
 * @param {number} at
 * @param {number} [most] as many at once
 * @returns {{ rows: { organisation: string, signed: boolean }[], last: { organisation: string, name: string } | null,
 *   part: number, parts: number }} `last`: who has signed last; `part`: from 1
 */
export function roll(declaration, at, most = ROLL) {
  const { organisations, signatures } = declaration;
  const parts = Math.max(1, Math.ceil(organisations.length / most));
  const length = Math.ceil(organisations.length / parts);
  const part = Math.floor(at / ROLL_MS) % parts;
  const rows = organisations
    .slice(part * length, (part + 1) * length)
    .map((organisation) => ({ organisation, signed: !!signatureOf(declaration, organisation) }));
  const newest = signatures.at(-1);
  return { rows, last: newest ? { organisation: newest.organisation, name: newest.person.name } : null, part: part + 1, parts };
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** @param {string} text @returns {string[]} its words, each with what stands behind it */
function wordsOf(text) {
  /** @type {string[]} */
  const found = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike || !found.length) found.push(segment);
    else found.push(`${found.pop()}${segment}`);
  }
  return found;
}

/** Where a text may be divided: at ends of sentences, else of clauses, else of words, else anywhere. */
const BREAKS = [
  (/** @type {string} */ text) => text.match(/[^.!?。！？\n]*(?:[.!?。！？]+["”’」』）)]*[^\S\n]*|\n+|$)/g),
  (/** @type {string} */ text) => text.match(/[^,;:，；：、]*(?:[,;:，；：、]+\s*|$)/g),
  (/** @type {string} */ text) => wordsOf(text),
  (/** @type {string} */ text) => [...text],
];

/**
 * Divide a text into as few parts as fit one by one, nothing of it being lost; the last is not a mere rest.
 *
 * @param {string} text
 * @param {(part: string) => boolean} fits
 * @returns {string[]}
 */
export function divided(text, fits) {
  const found = cut(text, fits);
  const [last, even] = [letters(found.at(-1) ?? ''), letters(text) / Math.max(1, found.length)];
  if (found.length < 2 || last > even / 2) return found;
  for (const more of [1.1, 1.25, 1.5]) {
    const evener = cut(text, (part) => letters(part) <= more * even && fits(part));
    if (evener.length === found.length) return evener;
  }
  return found;
}

/** @param {string} text @param {(part: string) => boolean} fits @returns {string[]} each as long as it may be */
function cut(text, fits) {
  /** @type {string[]} */
  const found = [];
  let part = '';
  const add = (/** @type {string} */ piece, /** @type {number} */ level) => {
    const smaller = BREAKS[level];
    if (fits((part + piece).trim())) part += piece;
    // A part that would stay half empty takes the beginning of what does not fit.
    else if (smaller && (!fits(piece.trim()) || fits(part + part))) for (const one of smaller(piece) ?? []) add(one, level + 1);
    else {
      if (part.trim()) found.push(part.trim());
      part = piece;
    }
  };
  add(text, 0);
  return part.trim() ? [...found, part.trim()] : found;
}

/**
 * Divide a text that is read out into parts that fit on the screen.
 *
 * @param {string} text
 */
export const passages = (text) => divided(text, (part) => letters(part) <= PASSAGE);

/** How many rows a part has, where so many are shown in so many parts. @param {number} rows @param {number} parts */
export const evenly = (rows, parts) => Math.ceil(rows / Math.max(1, parts));

/**
 * Return which of so many parts is to be seen, each for so long; the first is seen first.
 *
 * @param {number} parts
 * @param {number} since
 * @param {number} at
 * @param {number} each
 */
export const turnOf = (parts, since, at, each) => Math.floor(Math.max(0, at - since) / each) % Math.max(1, parts);

/**
 * Return the part of a text that is to be read at the server's time `at`.
 *
 * @param {string} text
 * @param {number} at
 */
export function passage(text, at) {
  const all = passages(text);
  const part = all.length ? Math.floor(at / PASSAGE_MS) % all.length : 0;
  return { text: all[part] ?? '', part: part + 1, parts: all.length };
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
 * Return where a screen that nobody touches goes on to: what has begun in the same room since its own session was
 * over, or is about to; the earliest of them. Nothing, as long as that one is only planned.
 *
 * @param {readonly Item[]} items of the event's programme
 * @param {string} session the one that is over
 * @returns {Item | null}
 */
export function goesOn(items, session) {
  const over = items.find(({ id }) => id === session);
  if (!over?.room) return null;
  const running = new Set(['doors', 'live', 'paused']);
  const there = items.filter(
    (item) => item.id !== session && !item.withdrawn && item.room === over.room && item.start >= over.start && running.has(String(item.status)),
  );
  return there.sort((a, b) => a.start - b.start)[0] ?? null;
}
