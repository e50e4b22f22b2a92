/**
 * What a producer must be told of, and what to do about it. Pure: conditions are read off the state, and an alarm
 * is a condition that has held for long enough. The law: an alarm is told once, stays while it holds, and goes by
 * itself; a condition that flickers is none.
 */

/** @import { State } from '../shared/store.js' */
/** @import { Line } from './lines.js' */
/** @import { Row } from './run.js' */

import { clockOf, cueOf, gone, isOver, lastFrom, publication, slate, timeLeft } from '../shared/selectors.js';
import { isUnseen } from './run.js';

/** Time left at which whoever is next should be here. */
const SOON_MS = 120_000;

/**
 * @typedef {'slate' | 'handover' | 'write' | 'bell' | 'minute' | 'backstage' | 'later' | 'pause' | 'measure' | 'preview' | 'seen'} Act
 *
 * @typedef {'desk' | 'relay' | 'log' | 'gone' | 'left' | 'picture' | 'silent' | 'line' | 'empty' | 'standby' | 'unseen' | 'absent'
 *   | 'over' | 'red' | 'room'} Kind
 *
 * @typedef {object} Condition
 * @property {string} key the same for as long as it is the same trouble
 * @property {Kind} kind
 * @property {string} of the participant or speaker it is about, or the line that was written; empty: nobody
 * @property {string} name of them, or what it says
 * @property {number} after milliseconds that it must hold
 * @property {readonly Act[]} acts what may be done about it, the best first
 *
 * @typedef {Condition & { since: number, raised: boolean }} Alarm
 */

/** How long each must hold, in milliseconds: a word lost on the way is no trouble yet. @type {Record<Kind, number>} */
const AFTER = {
  desk: 2000,
  relay: 2000,
  log: 2000,
  gone: 1500,
  left: 1500,
  picture: 3000,
  silent: 10_000,
  line: 6000,
  empty: 8000,
  standby: 20_000,
  unseen: 3000,
  absent: 0,
  over: 0,
  red: 0,
  room: 0,
};

/** What may be done about each. @type {Record<Kind, readonly Act[]>} */
const ACTS = {
  desk: [],
  relay: ['pause'],
  log: [],
  gone: ['slate', 'handover', 'write'],
  left: ['slate', 'handover'],
  picture: ['write', 'slate'],
  silent: ['write'],
  line: ['write'],
  empty: ['preview', 'slate'],
  standby: ['write', 'backstage'],
  unseen: ['write', 'backstage'],
  absent: ['later'],
  over: ['bell', 'minute', 'handover'],
  red: ['measure', 'write'],
  room: ['seen'],
};

/** Kinds whose end is worth a word too. @type {ReadonlySet<Kind>} */
export const ENDS_WELL = new Set(/** @type {const} */ (['desk', 'relay', 'log', 'gone', 'left', 'picture', 'silent']));

/**
 * Read what is wrong off the state, the gravest first.
 *
 * @param {State} state
 * @param {{ now: number, run: readonly Row[], lines: Readonly<Record<string, Line>>, connected: boolean }} seen
 *   `connected`: whether this desk is
 * @returns {Condition[]}
 */
export function conditions(state, { now, run, lines, connected }) {
  /** @type {Condition[]} */
  const found = [];
  const add = (/** @type {Kind} */ kind, of = '', name = '') => {
    const acts = ACTS[kind].filter((act) => act !== 'handover' || run.some((row) => row.next && row.person));
    found.push({ key: `${kind}:${of}`, kind, of, name, after: AFTER[kind], acts });
  };
  if (isOver(state.session?.status)) return found;
  if (!connected) add('desk');
  if (state.media.known && !state.media.relay) add('relay');
  if (state.chatPaused) add('log');
  const said = lastFrom(state, 'hall');
  // An answer was waited for, and is read where it is.
  if (said && !said.reply_to) add('room', said.id, said.text);
  const live = state.session?.status === 'live';
  if (live) onStage(state, lines, add);
  if (live && !state.stage.length && slate(state) === null) add('empty');
  for (const person of state.stage) {
    const clock = clockOf(state, person.id);
    // Whose line is gone has other worries than the time.
    if (clock?.started && timeLeft(clock, now) < 0 && !gone(state, person.id)) add('over', person.id, person.name);
  }
  for (const row of run) {
    if (row.cue?.state !== 'standby') continue;
    if (!row.cue.acknowledged) add('standby', row.id, row.name);
    else if (isUnseen(row)) add('unseen', row.id, row.name);
  }
  const next = run.find((row) => row.next);
  if (live && next && !found.some((one) => one.kind === 'unseen' && one.of === next.id)) {
    if (!next.here && !(next.sends ?? []).some((p) => p.live) && soon(state, now)) add('absent', next.id, next.name);
    if (next.light === 'red' && next.here) add('red', next.id, next.name);
  }
  return found;
}

/**
 * @param {State} state
 * @param {Readonly<Record<string, Line>>} lines
 * @param {(kind: Kind, of?: string, name?: string) => void} add
 */
function onStage(state, lines, add) {
  const people = state.presence.people ?? [];
  state.stage.forEach((person, i) => {
    const line = lines[person.id];
    if (gone(state, person.id)) {
      // Who has only an encoder never had a page to leave.
      const left = cueOf(state, person.id) && !people.some((p) => p.id === person.id);
      return add(left ? 'left' : 'gone', person.id, person.name);
    }
    if (!line || gone(state, person.id) === null) return undefined;
    if (!line.picture && publication(state, person.id, 'camera')?.video) add('picture', person.id, person.name);
    const muted = (state.air.muted ?? []).includes(person.id);
    if (i === 0 && line.silent && !muted) add('silent', person.id, person.name);
    if (line.grade === 'poor') add('line', person.id, person.name);
    return undefined;
  });
}

/**
 * Say whether somebody else is wanted on stage soon: the main speaker's time is nearly up, or nobody is on stage.
 *
 * @param {State} state
 * @param {number} now
 */
function soon(state, now) {
  const [main] = state.stage;
  if (!main) return true;
  const clock = clockOf(state, main.id);
  return !!clock?.started && timeLeft(clock, now) < SOON_MS;
}

/**
 * Say since when each condition holds, and which have held long enough.
 *
 * @param {readonly Alarm[]} before
 * @param {readonly Condition[]} found
 * @param {number} now
 * @returns {Alarm[]}
 */
export function raised(before, found, now) {
  return found.map((condition) => {
    const since = before.find((alarm) => alarm.key === condition.key)?.since ?? now;
    return { ...condition, since, raised: now - since >= condition.after };
  });
}

/**
 * Return what has come, and what has gone, between two looks.
 *
 * @param {readonly Alarm[]} before
 * @param {readonly Alarm[]} after
 */
export function news(before, after) {
  const loud = (/** @type {readonly Alarm[]} */ alarms) => alarms.filter((alarm) => alarm.raised);
  const keys = (/** @type {readonly Alarm[]} */ alarms) => new Set(loud(alarms).map((alarm) => alarm.key));
  const [was, is] = [keys(before), keys(after)];
  // Whose page went after their picture is in one trouble, not in two.
  const still = new Set(loud(after).map((alarm) => alarm.of));
  return {
    come: loud(after).filter((alarm) => !was.has(alarm.key)),
    gone: loud(before).filter((alarm) => !is.has(alarm.key) && ENDS_WELL.has(alarm.kind) && !(alarm.of && still.has(alarm.of))),
  };
}
