/** The question as the whole room reads it: all of it, a part at a time where it has to be. */

/** @import { Question } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { ALONE, stands, useParts, whole } from './fit.js';
import { Part, usePart } from './part.js';

/** As large as it goes, a step smaller, and with the picture's room. */
const STEPS = ['', 'long', ALONE];

/** @param {HTMLElement} section @param {HTMLElement} box */
const fits = (section, box) => whole(box) && stands(section);

/** @param {{ session: LiveSession, question: Question, company: string }} props `company`: what else is on the screen */
export function QuestionBoard({ session, question, company }) {
  const { name, affiliation } = question.author;
  const { section, box, parts } = useParts(question.text, STEPS, company, fits);
  const part = usePart(session, parts.length);
  return html`
    <section ref=${section} class="question" aria-label=${words.stage.onScreen}>
      <p ref=${box} class="question-text">${parts[part]}</p>
      <p class="question-foot">
        <span class="question-by">${name ? [name, affiliation].filter(Boolean).join(', ') : words.ask.anonymous}</span>
        ${parts.length > 1 && html`<${Part} part=${part} parts=${parts.length} />`}
      </p>
    </section>
  `;
}
