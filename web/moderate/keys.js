/**
 * What a key means on the moderator's desk, and whether keys mean anything at all. Owns the one list of them that
 * buttons, help and the page go by; pure but for the choice it keeps.
 */

/** @import { Action } from './queue.js' */

import { signal } from '../vendor/signals.js';

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

const KEPT = 'rostrum.keys';

/** Whether single keys act; who dictates, or rests a hand on the keyboard, turns them off (WCAG 2.1.4). */
export const keysAct = signal(globalThis.localStorage?.getItem(KEPT) !== 'off');
keysAct.subscribe((on) => globalThis.localStorage?.setItem(KEPT, on ? 'on' : 'off'));

/** Whether keys typed there are text. @param {EventTarget | null} target */
export const isField = (target) =>
  target instanceof HTMLElement &&
  (target.matches('input:not([type=checkbox], [type=radio]), textarea, select') || target.closest('dialog') !== null);
