/**
 * The moderator's queue: in which order questions stand, what may be done with each, what a key means.
 * Pure: questions in, names of commands out.
 */

/** @import { Question } from '../shared/protocol.js' */
/** @import { Intent } from '../shared/connection.js' */

import { isShown } from '../shared/store.js';

/** @typedef {'approve' | 'shortlist' | 'show' | 'hide' | 'begin' | 'answer' | 'dismiss'} Action */

/** The queue's parts, as they stand on the desk. */
export const SECTIONS = /** @type {const} */ (['on_screen', 'pending', 'shortlisted', 'approved', 'answered']);

/** What may be done with a question, the likeliest first. @type {Record<Question['state'], readonly Action[]>} */
export const ACTIONS = {
  pending: ['approve', 'dismiss'],
  approved: ['show', 'shortlist', 'answer', 'dismiss'],
  shortlisted: ['show', 'answer', 'approve', 'dismiss'],
  on_screen: ['answer', 'begin', 'hide'],
  answering: ['answer', 'hide'],
  answered: [],
  dismissed: [],
  withdrawn: [],
  merged: [],
};

const COMMANDS = /** @type {const} */ ({
  approve: 'question.approve',
  shortlist: 'question.shortlist',
  show: 'question.show',
  hide: 'question.hide',
  begin: 'question.answering',
  answer: 'question.answered',
  dismiss: 'question.dismiss',
});

/** @type {Record<string, Action>} */
export const KEYS = { a: 'approve', l: 'shortlist', s: 'show', h: 'hide', b: 'begin', w: 'answer', d: 'dismiss' };

/**
 * Sort questions into the queue's parts: oldest first, answered ones newest first.
 *
 * @param {readonly Question[]} questions oldest first
 * @returns {Record<typeof SECTIONS[number], Question[]>}
 */
export function sections(questions) {
  const that = (/** @type {Question['state']} */ state) => questions.filter((q) => q.state === state);
  return {
    on_screen: questions.filter(isShown),
    pending: that('pending'),
    shortlisted: that('shortlisted'),
    approved: that('approved'),
    answered: that('answered').reverse(),
  };
}

/**
 * List the questions in the order the eye and the keys j and k go through them.
 *
 * @param {readonly Question[]} questions
 */
export function order(questions) {
  const parts = sections(questions);
  return SECTIONS.flatMap((name) => parts[name]);
}

/**
 * Move the selection.
 *
 * @param {readonly Question[]} questions
 * @param {string | null} selected
 * @param {1 | -1} by
 * @returns {string | null} the new one's id; stays at the ends
 */
export function step(questions, selected, by) {
  const ids = order(questions).map((q) => q.id);
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at < 0) return (by > 0 ? ids[0] : ids.at(-1)) ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? null;
}

/**
 * Say which question to look at after this one was dealt with: the next of its own part, so that a
 * queue is worked through without moving; one put on screen is followed there, it is answered next.
 *
 * @param {readonly Question[]} questions before the action
 * @param {string} id
 * @param {Action} action
 * @returns {string | null}
 */
export function after(questions, id, action) {
  const question = questions.find((q) => q.id === id);
  if (!question || action === 'show' || action === 'hide') return id;
  const part = order(questions).filter((q) => q.state === question.state);
  const at = part.findIndex((q) => q.id === id);
  const neighbour = part[at + 1] ?? part[at - 1];
  if (neighbour) return neighbour.id;
  if (action === 'approve') return id; // the last that waited: it may go to the screen at once
  return order(questions).find((q) => q.id !== id && ACTIONS[q.state].length > 0)?.id ?? null;
}

/**
 * Make the command of an action, if the question's state allows it.
 *
 * @param {Question | undefined} question
 * @param {Action} action
 * @returns {Intent | null}
 */
export const intentOf = (question, action) =>
  question && ACTIONS[question.state].includes(action) ? { type: COMMANDS[action], question: question.id } : null;
