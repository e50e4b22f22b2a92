/**
 * Questions as the audience sees them: a field to ask, one's own with their state, the chosen ones by how
 * many are for them. A vote shows as given when the server has it.
 */

/** @import { Question } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useState } from '../../vendor/preact-hooks.js';
import { asksFirst, byVotes, isOpen, isOver, mutedUntil, votedFor, votesFor } from '../selectors.js';
import { isShown } from '../store.js';
import { refusal, say, words } from '../words.js';
import { Compose } from './compose.js';
import { Switch } from './fields.js';
import { Icon } from './icons.js';
import { Windowed } from './windowed.js';

/** Longest text the protocol takes. */
const LONGEST = 600;

/** Height of a question of two lines, in pixels. */
const GUESS = 96;

/** What its author may still take back. */
const RETRACTABLE = new Set(['pending', 'approved', 'shortlisted', 'on_screen', 'merged']);

/** @typedef {{ id: string, head?: string, empty?: string, question?: Question, own?: boolean }} Row */

/** @param {{ session: LiveSession }} props */
export function Questions({ session }) {
  const state = session.state.value;
  const { questions, you, can, session: talk } = state;
  const { ask } = words;
  const [anonymous, setAnonymous] = useState(false);
  const own = questions.filter((q) => q.author.id === you?.id).reverse();
  const others = byVotes(state, questions.filter((q) => q.author.id !== you?.id && isOpen(q)));
  const chosen = [...others.filter(isShown), ...others.filter((q) => !isShown(q))];
  const open = !isOver(talk?.status) && can.includes('question.ask');
  /** @type {Row[]} */
  const rows = [];
  if (own.length) {
    rows.push({ id: 'yours', head: ask.yours }, ...own.map((question) => ({ id: question.id, question, own: true })));
    rows.push({ id: 'chosen', head: ask.approved });
    if (!chosen.length) rows.push({ id: 'none', empty: ask.empty });
  }
  rows.push(...chosen.map((question) => ({ id: question.id, question })));
  const drawn = (/** @type {Row} */ { head, empty, question, own: mine }) =>
    question
      ? html`<${Asked} session=${session} question=${question} own=${mine} />`
      : head
        ? html`<h3 class="list-head">${head}</h3>`
        : html`<p class="empty">${empty}</p>`;
  return html`
    <div class="questions">
      <${Windowed} items=${rows} row=${drawn} guess=${GUESS} label=${ask.tab} role="region">
        <p class="empty">${ask.empty}</p>
      <//>
      ${open &&
      html`<${Compose}
        session=${session}
        intent=${(/** @type {string} */ text) => ({ type: 'question.ask', text, anonymous })}
        label=${ask.label}
        send=${ask.send}
        longest=${LONGEST}
        hint=${asksFirst(state, mutedUntil(state) && session.now.value) ? ask.hint : ask.hintPost}
      >
        <${Switch} label=${ask.anonymously} on=${anonymous} onChange=${setAnonymous} />
      <//>`}
    </div>
  `;
}

/** @param {{ session: LiveSession, question: Question, own?: boolean }} props */
function Asked({ session, question, own = false }) {
  const state = session.state.value;
  const { ask } = words;
  const [said, setSaid] = useState('');
  const [waiting, setWaiting] = useState(false);
  const ended = isOver(state.session?.status);
  const votes = votesFor(state, question.id);
  const mine = votedFor(state, question.id);
  const give = async (/** @type {import('../connection.js').Intent} */ intent) => {
    setWaiting(true);
    const outcome = await session.command(intent);
    setWaiting(false);
    setSaid(outcome.ok ? '' : refusal(outcome));
  };
  const votable = isOpen(question) && state.can.includes('question.vote');
  return html`
    <div class="asked" data-state=${question.state} data-question=${question.id}>
      <div class="asked-what">
        <p class="asked-text">${question.text}</p>
        <p class="quiet">
          ${!own && html`<span>${question.author.name || ask.anonymous}</span>`}
          ${(own || isShown(question)) && html`<span class="asked-state">${ask.states[question.state]}</span>`}
          ${own &&
          !ended &&
          RETRACTABLE.has(question.state) &&
          state.can.includes('question.withdraw') &&
          html`<button type="button" class="button slight" disabled=${waiting} onClick=${() => give({ type: 'question.withdraw', question: question.id })}>
            ${ask.withdraw}
          </button>`}
        </p>
        ${said && html`<p class="note" data-said role="alert">${said}</p>`}
      </div>
      ${votable &&
      html`<button
        type="button"
        class="button vote"
        aria-pressed=${mine}
        aria-label=${say(ask.voteFor, { n: votes, text: question.text.slice(0, 80) })}
        title=${mine ? ask.voted : ask.vote}
        disabled=${waiting || ended || own}
        onClick=${() => give({ type: 'question.vote', question: question.id, up: !mine })}
      >
        <${Icon} name="vote" /><span>${votes}</span>
      </button>`}
    </div>
  `;
}
