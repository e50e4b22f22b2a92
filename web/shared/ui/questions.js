/** Questions as the audience sees them: a field to ask, one's own with their state, the chosen ones. */

/** @import { Question } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { isOpen, isShown } from '../store.js';
import { words } from '../words.js';
import { Compose } from './compose.js';

/** Longest text the protocol takes. */
const LONGEST = 600;

/** @param {{ session: LiveSession }} props */
export function Questions({ session }) {
  const { questions, you, can, session: talk } = session.state.value;
  const own = questions.filter((q) => q.author.id === you?.id).reverse();
  const chosen = questions.filter((q) => q.author.id !== you?.id && isOpen(q));
  const open = talk?.status !== 'ended' && can.includes('question.ask');
  return html`
    <div class="questions">
      <div class="scroll" tabindex="0" aria-label=${words.ask.tab}>
        ${own.length > 0 &&
        html`<h3 class="list-head">${words.ask.yours}</h3>
          <ul class="question-list">
            ${own.map((q) => html`<${Asked} key=${q.id} question=${q} own />`)}
          </ul>`}
        ${(chosen.length > 0 || own.length > 0) && html`<h3 class="list-head">${words.ask.approved}</h3>`}
        ${chosen.length
          ? html`<ul class="question-list">
              ${chosen.map((q) => html`<${Asked} key=${q.id} question=${q} />`)}
            </ul>`
          : html`<p class="empty">${words.ask.empty}</p>`}
      </div>
      ${open &&
      html`<${Compose}
        session=${session}
        intent=${(/** @type {string} */ text) => ({ type: 'question.ask', text })}
        label=${words.ask.label}
        send=${words.ask.send}
        longest=${LONGEST}
        hint=${words.ask.hint}
      />`}
    </div>
  `;
}

/** @param {{ question: Question, own?: boolean }} props */
const Asked = ({ question, own = false }) => html`
  <li class="asked" data-state=${question.state}>
    <p class="asked-text">${question.text}</p>
    <p class="quiet">
      ${!own && html`<span>${question.author.name || words.ask.anonymous}</span>`}
      ${(own || isShown(question)) &&
      html`<span class="asked-state">${words.ask.states[question.state]}</span>`}
    </p>
  </li>
`;
