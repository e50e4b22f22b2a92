/**
 * Where a moderator is in the queue: which question is looked at, what is written at it, and which is about to become
 * another one's double. The law: what a key does is done to the question seen when it was pressed, however fast keys
 * follow each other, and no question that comes later slips under the hand.
 */

/** @import { Question } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Action, View } from './queue.js' */

import { batch, computed, effect, signal } from '../vendor/signals.js';
import { Commands, isOver } from './commands.js';
import { KEYS } from './keys.js';
import { after, first, intentOf, mayEdit, mayMerge, mayTakeIn, order, step } from './queue.js';

/** Milliseconds for which no key acts on a question that has just taken the place of one that somebody else dealt with. */
const GRACE = 700;

/** @typedef {'edit' | 'note' | 'ask'} Writing */

export class Desk {
  view = signal(/** @type {View} */ ('queue'));
  writing = signal(/** @type {Writing | null} */ (null));
  #selected = signal(/** @type {string | null} */ (null));
  #merging = signal(/** @type {string | null} */ (null));
  #slipped = -Infinity;
  /** Questions whose step is on its way. @type {Set<string>} */
  #moving = new Set();

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
    this.commands = new Commands(session);
    /** The question that becomes another one's double. */
    this.double = computed(() => session.state.value.questions.find((q) => q.id === this.#merging.value && mayMerge(q)));
    /** Those that may be looked at now, in order. */
    this.list = computed(() => {
      const { questions, votes } = session.state.value;
      const double = this.double.value;
      const whole = order(questions, this.view.value, votes);
      return double ? whole.filter((q) => q.id !== double.id && mayTakeIn(q)) : whole;
    });
    /** The one looked at. What is written at stays, whatever becomes of it meanwhile. */
    this.question = computed(() => {
      const within = this.writing.value ? session.state.value.questions : this.list.value;
      const id = this.#selected.value;
      return within.find((q) => q.id === id) ?? this.list.value.find((q) => q.id === first(this.list.value));
    });
    effect(() => {
      const [now, before] = [this.question.value?.id ?? null, this.#selected.peek()];
      if (now !== before && before !== null) this.#slipped = performance.now();
      this.#selected.value = now;
    });
  }

  /** Look at a question, unless something is being written. @param {string | null} id */
  select(id) {
    if (this.writing.value) return;
    if (id !== this.#selected.value) this.commands.forget();
    this.#selected.value = id;
  }

  /** @param {View} which */
  look(which) {
    batch(() => {
      this.#selected.value = null;
      this.view.value = which;
    });
  }

  /**
   * Do a step with a question, and go on to the next.
   *
   * @param {Question | undefined} question
   * @param {Action} action
   */
  async act(question, action) {
    const intent = intentOf(question, action);
    if (!question || !intent || isOver(this.session)) return;
    const left = this.list.value.filter((q) => q === question || !this.#moving.has(q.id));
    this.select(after(left, question.id, action));
    this.#moving.add(question.id);
    await this.commands.give(intent);
    this.#moving.delete(question.id);
  }

  /** @param {Writing} what */
  write(what) {
    const question = this.question.value;
    if (isOver(this.session) || (what !== 'ask' && !question)) return;
    if (what === 'edit' && question && !mayEdit(question)) return;
    this.commands.forget();
    this.writing.value = what;
  }

  /** Say that the question looked at is another one's double; which one is chosen next. */
  begin() {
    const question = this.question.value;
    if (!question || !mayMerge(question) || isOver(this.session)) return;
    batch(() => {
      this.#merging.value = question.id;
      this.#selected.value = first(this.list.value);
    });
  }

  async merge() {
    const [double, into] = [this.double.value, this.question.value];
    if (!double || !into || isOver(this.session)) return;
    if (await this.commands.give({ type: 'question.merge', question: double.id, into: into.id })) this.#merging.value = null;
  }

  /** Merge into this question. @param {Question} question */
  keep(question) {
    this.select(question.id);
    return this.merge();
  }

  /** Give up what was begun. */
  leave() {
    const { value: double } = this.double;
    batch(() => {
      this.writing.value = null;
      this.#merging.value = null;
      if (double) this.#selected.value = double.id;
    });
    this.commands.forget();
  }

  /** Do what a key means here. @param {string} key @returns {boolean} whether it means anything */
  press(key) {
    const question = this.question.value;
    const merging = !!this.double.value;
    const slips = performance.now() - this.#slipped < GRACE;
    if (key === 'Escape' && (merging || this.writing.value)) this.leave();
    else if (this.writing.value) return false;
    else if (key === 'j') this.select(step(this.list.value, question?.id ?? null, 1));
    else if (key === 'k') this.select(step(this.list.value, question?.id ?? null, -1));
    else if (merging) {
      if (key !== 'Enter') return false;
      if (!slips) void this.merge();
    } else if (key === 'm') this.begin();
    else if (key === 'e') this.write('edit');
    else if (key === 'n') this.write('note');
    else if (key === 'c') this.write('ask');
    else if (key === 'v') this.look(this.view.value === 'queue' ? 'done' : 'queue');
    else if (!KEYS[key]) return false;
    else if (!slips) void this.act(question, KEYS[key]);
    return true;
  }
}
