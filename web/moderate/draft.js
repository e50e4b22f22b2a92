/** From what is written in the desk's forms to a poll. Pure: texts in, the name of a command or a reason out. */

/** @import { PollKind } from '../shared/protocol.js' */
/** @import { Intent } from '../shared/connection.js' */

import { letters } from '../shared/letters.js';

/** Most options the protocol takes. */
export const MOST_OPTIONS = 12;

/** As wide as a text is that the hall's smallest screen still shows at its full size, and an option, in Latin letters. */
const FITS = { text: 90, option: 50 };

/** As wide as a question is that such a screen still shows all at once. */
const QUESTION_FITS = 240;

/** @param {string} question whether the hall reads it in parts */
export const inParts = (question) => letters(question) > QUESTION_FITS;

/** @typedef {{ text: string, kind: PollKind, options: string, hidden: boolean }} Draft `options`: one a line */

/** @type {Draft} */
export const BLANK = { text: '', kind: 'single', options: '', hidden: false };

/**
 * Split what is written into its lines, without those that are empty.
 *
 * @param {string} text
 */
export const linesOf = (text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/**
 * Say what a draft lacks, if anything: the protocol would refuse it.
 *
 * @param {Draft} draft
 * @returns {'text' | 'options' | 'many' | 'same' | null}
 */
export function lacks({ text, kind, options }) {
  const lines = linesOf(options);
  if (!text.trim()) return 'text';
  if (lines.length < 2 && !(kind === 'rating' && !lines.length)) return 'options';
  if (lines.length > MOST_OPTIONS) return 'many';
  if (new Set(lines).size < lines.length) return 'same';
  return null;
}

/**
 * Make the command that drafts a poll, or drafts one anew.
 *
 * @param {Draft} draft
 * @param {string} [poll] its id, if there is one
 * @returns {Intent}
 */
export function draftIntent({ text, kind, options, hidden }, poll) {
  const fields = { text: text.trim(), kind, options: linesOf(options), hidden };
  return poll ? { type: 'poll.edit', poll, ...fields } : { type: 'poll.create', ...fields };
}

/**
 * Count how many more letters fit on the hall's screen, in the text and in the longest option; below zero, so many too many.
 *
 * @param {Draft} draft
 */
export function roomLeft({ text, options }) {
  const longest = Math.max(0, ...linesOf(options).map(letters));
  return { text: FITS.text - letters(text.trim()), option: FITS.option - longest };
}
