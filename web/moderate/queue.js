/**
 * The moderator's queue: in which order questions stand, what may be done with each, which is looked at next.
 * Pure: questions in, names of commands out.
 */

/** @import { Person, Question } from '../shared/protocol.js' */
/** @import { Intent } from '../shared/connection.js' */
/** @import { State } from '../shared/store.js' */

import { isShown } from '../shared/store.js';

/** @typedef {'approve' | 'shortlist' | 'show' | 'hide' | 'begin' | 'answer' | 'dismiss'} Action */
/** @typedef {keyof typeof VIEWS} View */
/** @typedef {typeof VIEWS[View][number]} Section */

/** What is still to be dealt with, and what is not, each in parts as they stand on the desk. */
export const VIEWS = /** @type {const} */ ({
  queue: ['on_screen', 'pending', 'shortlisted', 'approved'],
  done: ['answered', 'dismissed', 'withdrawn', 'merged'],
});

/** What may be done with a question, the likeliest first. @type {Record<Question['state'], readonly Action[]>} */
export const ACTIONS = {
  pending: ['approve', 'dismiss'],
  approved: ['show', 'shortlist', 'answer', 'dismiss'],
  shortlisted: ['show', 'answer', 'approve', 'dismiss'],
  on_screen: ['answer', 'begin', 'hide', 'dismiss'],
  answering: ['answer', 'hide'],
  answered: ['shortlist'],
  dismissed: ['approve'],
  withdrawn: [],
  merged: ['approve'],
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

const EDITED = new Set(['pending', 'approved', 'shortlisted', 'on_screen', 'answering', 'answered']);
const MERGED = new Set(['pending', 'approved', 'shortlisted']);

/** Whether its words may be changed. @param {Question} question */
export const mayEdit = ({ state }) => EDITED.has(state);

/** Whether it may be called another one's double. @param {Question} question */
export const mayMerge = ({ state }) => MERGED.has(state);

/** Whether another one may be merged into it. @param {Question} question */
export const mayTakeIn = ({ state }) => EDITED.has(state);

/**
 * Sort questions into their parts: those that wait for a decision oldest first, chosen ones as the room wants them,
 * those that are done with newest first.
 *
 * @param {readonly Question[]} questions oldest first
 * @param {Readonly<Record<string, number>>} [votes] by question
 * @returns {Record<Section, Question[]>}
 */
export function sections(questions, votes = {}) {
  const that = (/** @type {Question['state']} */ state) => questions.filter((q) => q.state === state);
  const wanted = (/** @type {Question['state']} */ state) =>
    that(state).sort((a, b) => (votes[b.id] ?? 0) - (votes[a.id] ?? 0) || a.at - b.at);
  return {
    on_screen: questions.filter(isShown),
    pending: that('pending'),
    shortlisted: wanted('shortlisted'),
    approved: wanted('approved'),
    answered: that('answered').reverse(),
    dismissed: that('dismissed').reverse(),
    withdrawn: that('withdrawn').reverse(),
    merged: that('merged').reverse(),
  };
}

/**
 * List the questions in the order the eye and the keys j and k go through them.
 *
 * @param {readonly Question[]} questions
 * @param {View} [view]
 * @param {Readonly<Record<string, number>>} [votes]
 */
export function order(questions, view = 'queue', votes = {}) {
  const parts = sections(questions, votes);
  return VIEWS[view].flatMap((name) => parts[name]);
}

/**
 * Say which question to begin with: one that waits for a decision, else one for the screen.
 *
 * @param {readonly Question[]} list as `order` gives it
 * @returns {string | null}
 */
export const first = (list) => (list.find((q) => !isShown(q)) ?? list[0])?.id ?? null;

/**
 * Move the selection.
 *
 * @param {readonly Question[]} list as `order` gives it
 * @param {string | null} selected
 * @param {1 | -1} by
 * @returns {string | null} the new one's id; stays at the ends
 */
export function step(list, selected, by) {
  const at = list.findIndex((q) => q.id === selected);
  if (at < 0) return (by > 0 ? list[0] : list.at(-1))?.id ?? null;
  return list[Math.min(list.length - 1, Math.max(0, at + by))]?.id ?? null;
}

/**
 * Say which question to look at after this one was dealt with: the next of its own part, so that a
 * queue is worked through without moving; one put on screen is followed there, it is answered next.
 *
 * @param {readonly Question[]} list before the action, as `order` gives it
 * @param {string} id
 * @param {Action | 'merge'} action
 * @returns {string | null}
 */
export function after(list, id, action) {
  const question = list.find((q) => q.id === id);
  if (!question || action === 'show' || action === 'hide' || action === 'begin') return id;
  const part = list.filter((q) => q.state === question.state);
  const at = part.findIndex((q) => q.id === id);
  const neighbour = part[at + 1] ?? part[at - 1];
  if (neighbour) return neighbour.id;
  if (action === 'approve') return id; // the last that waited: it may go to the screen at once
  return first(list.filter((q) => q.id !== id));
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

/**
 * List the questions that are asked with this one.
 *
 * @param {readonly Question[]} questions
 * @param {string} id
 */
export const takenIn = (questions, id) => questions.filter((q) => q.merged_into === id);

/**
 * List whom a question may be for: who is on stage, then whom the programme names.
 *
 * @param {State} state
 * @returns {{ id: string, name: string }[]} each once
 */
export function addressees(state) {
  const { speakers = [], chairs = [] } = state.session?.programme ?? {};
  const on = state.stage.map(({ id, name, billed }) => ({ id, name, billed }));
  const there = new Set(on.flatMap(({ id, billed }) => [id, billed]));
  return [...on, ...[...speakers, ...chairs].filter(({ id }) => !there.has(id))].map(({ id, name }) => ({ id, name }));
}

/**
 * Write who asked, as a moderator knows it, whatever the audience is told.
 *
 * @param {Person} author
 */
export const asker = ({ name, title = '', affiliation = '' }) => [name, title, affiliation].filter(Boolean).join(', ');
