/** What a key does to the floor, and ratios as they are chosen. Pure: a floor in, the name of a command out. */

/** @import { Floor, Hand, Rooms } from '../shared/protocol.js' */
/** @import { Intent } from '../shared/connection.js' */

/** Keys of the floor: go, talk, finished, passed over. */
export const FLOOR_KEYS = /** @type {const} */ (['g', 't', 'x', 'z']);

/** Ratios hall : online that are offered. @type {readonly string[]} */
export const RATIOS = ['1:1', '2:1', '3:1', '1:2', '1:3', '1:0', '0:1'];

/** @param {Rooms} ratio */
export const ratioKey = ({ hall, online }) => `${hall}:${online}`;

/** @param {string} key @returns {Rooms} */
export function ratioOf(key) {
  const [hall = 1, online = 1] = key.split(':').map(Number);
  return { hall, online };
}

/**
 * Whether somebody who would speak over their own connection has none, as far as staff is told.
 *
 * @param {{ away?: readonly string[] }} presence
 * @param {Hand} hand
 */
export const isAway = ({ away = [] }, { person }) => person.place !== 'hall' && away.includes(person.id);

/**
 * Make the command of a key, if it means anything at this moment.
 *
 * @param {Floor} floor
 * @param {string} key
 * @returns {Intent | null}
 */
export function floorIntent({ called, speaking, next }, key) {
  if (key === 'g') return !called && next ? { type: 'floor.call', hand: next.hand } : null;
  if (key === 't') return called ? { type: 'floor.speak', hand: called.id } : null;
  if (key === 'z') return called ? { type: 'floor.skip', hand: called.id } : null;
  if (key === 'x') return speaking ? { type: 'floor.done', hand: speaking.id } : null;
  return null;
}
