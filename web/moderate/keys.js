/**
 * What a key means on the moderator's desk. Owns the one list of them that buttons, help and the page go by; pure.
 */

/** @import { Action } from './queue.js' */

/** Keys that are the likeliest step of a question. @type {Record<string, Action>} */
export const KEYS = { a: 'approve', l: 'shortlist', s: 'show', h: 'hide', b: 'begin', w: 'answer', d: 'dismiss' };

/** Keys with words in the catalogues, in the order and the parts they are listed. */
export const LISTED = /** @type {const} */ ({
  questions: ['j', 'k', 'a', 'l', 's', 'b', 'w', 'h', 'd', 'e', 'n', 'm', 'c', 'v'],
  floor: ['g', 't', 'x', 'z'],
  chat: ['y', 'r'],
  desk: ['1', 'Escape', '?'],
});

/** How a key is written where it is not what it types. @type {Readonly<Record<string, string>>} */
export const CAPS = { 1: '1 – 5', Escape: 'Esc' };

/** The key of a question's step. @param {Action} action */
export const keyOf = (action) => Object.keys(KEYS).find((key) => KEYS[key] === action);
