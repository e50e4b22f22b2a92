/** Questions as the audience sees them: a field to ask, one's own with their state, the chosen ones. */

/** @import { Question } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { isOpen, isShown } from '../store.js';
import { words } from '../words.js';
import { Compose } from './compose.js';
import { Windowed } from './windowed.js';

/** Longest text the protocol takes. */
const LONGEST = 600;

/** Height of a question of two lines, in pixels. */
const GUESS = 96;

/** @typedef {{ id: string, head?: string, empty?: string, question?: Question, own?: boolean }} Row */

/** @param {{ session: LiveSession }} props */
export function Questions({ session }) {
  const { questions, you, can, session: talk } = session.state.value;
  const { ask } = words;
  const own = questions.filter((q) => q.author.id === you?.id).reverse();
  const chosen = questions.filter((q) => q.author.id !== you?.id && isOpen(q));
  const open = talk?.status !== 'ended' && can.includes('question.ask');
  /** @type {Row[]} */
  const rows = [];
  if (own.length) {
    rows.push({ id: 'yours', head: ask.yours }, ...own.map((question) => ({ id: question.id, question, own: true })));
    rows.push({ id: 'chosen', head: ask.approved });
    if (!chosen.length) rows.push({ id: 'none', empty: ask.empty });
  }
  rows.push(...chosen.map((question) => ({ id: question.id, question })));
  return html`
    <div class="questions">
      <${Windowed} items=${rows} row=${drawn} guess=${GUESS} label=${ask.tab} role="region">
        <p class="empty">${ask.empty}</p>
      <//>
      ${open &&
      html`<${Compose}
        session=${session}
        intent=${(/** @type {string} */ text) => ({ type: 'question.ask', text })}
        label=${ask.label}
        send=${ask.send}
        longest=${LONGEST}
        hint=${ask.hint}
      />`}
    </div>
  `;
}

/** @param {Row} row */
const drawn = ({ head, empty, question, own }) =>
  question
    ? html`<${Asked} question=${question} own=${own} />`
    : head
      ? html`<h3 class="list-head">${head}</h3>`
      : html`<p class="empty">${empty}</p>`;

/** @param {{ question: Question, own?: boolean }} props */
const Asked = ({ question, own = false }) => html`
  <div class="asked" data-state=${question.state}>
    <p class="asked-text">${question.text}</p>
    <p class="quiet">
      ${!own && html`<span>${question.author.name || words.ask.anonymous}</span>`}
      ${(own || isShown(question)) &&
      html`<span class="asked-state">${words.ask.states[question.state]}</span>`}
    </p>
  </div>
`;
