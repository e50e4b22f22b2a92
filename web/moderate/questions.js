/** The queue of questions as it is drawn, and the one that is looked at above it. */

/** @import { Question } from '../shared/protocol.js' */
/** @import { Desk } from './desk.js' */
/** @import { Section, View } from './queue.js' */

import { Switch } from '../shared/ui/fields.js';
import { Windowed } from '../shared/ui/windowed.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { isOver } from './commands.js';
import { ACTIONS, VIEWS, mayTakeIn, sections } from './queue.js';
import { Asked, Focus, Merging, PassOn, standing } from './question.js';

/** Height of a question of two lines, in pixels. */
const GUESS = 84;

/** @typedef {{ id: string, part?: Section, count?: number, none?: Section, question?: Question }} Row */

/** @param {{ desk: Desk }} props */
export function Questions({ desk }) {
  const { session } = desk;
  const { moderate } = words;
  const [view, question, double, writing] = [desk.view.value, desk.question.value, desk.double.value, desk.writing.value];
  const over = isOver(session);
  const state = session.state.value;
  const parts = sections(state.questions, state.votes);
  const waits = VIEWS.queue.reduce((sum, part) => sum + parts[part].length, 0);
  // That the screen is free is said beside it.
  const there = VIEWS[view].filter((part) => part !== 'on_screen' || parts[part].length > 0);
  /** @type {Row[]} */
  const rows = there.flatMap((part) => [
    { id: `part:${part}`, part, count: parts[part].length },
    ...(parts[part].length ? parts[part].map((q) => ({ id: q.id, question: q })) : [{ id: `none:${part}`, none: part }]),
  ]);
  const drawn = (/** @type {Row} */ { part, count = 0, none, question: one }) =>
    one
      ? html`<${Line} desk=${desk} question=${one} />`
      : part
        ? html`<h2 class="part-head" data-part=${part}>${standing(session, part)} ${count > 0 && html`<span class="count">${count}</span>`}</h2>`
        : none && html`<p class="empty">${moderate.nothing[none]}</p>`;
  return html`
    <main class="queue" aria-label=${moderate.queue}>
      ${writing === 'ask'
        ? html`<${PassOn} desk=${desk} />`
        : double
          ? html`<${Merging} desk=${desk} double=${double} />`
          : question
            ? html`<${Focus} desk=${desk} question=${question} />`
            : html`<section class="focus none">
                ${state.session
                  ? html`<p class="focus-text">${over ? words.stage.ended : moderate.noQuestion}</p>
                      <p class="quiet">${over ? moderate.overHow : moderate.noQuestionHow}</p>`
                  : html`<p class="skeleton focus-skeleton"></p>`}
              </section>`}
      <div class="queue-head">
        <div class="views" role="group" aria-label=${moderate.view}>
          ${/** @type {View[]} */ (Object.keys(VIEWS)).map(
            (name) => html`<button key=${name} type="button" class="button slight view" aria-pressed=${view === name} onClick=${() => desk.look(name)}>
              ${moderate.views[name]} ${name === 'queue' && waits > 0 && html`<span class="count">${waits}</span>`}
            </button>`,
          )}
        </div>
        ${!over &&
        html`<${Switch}
            label=${moderate.pre}
            on=${state.moderation === 'pre'}
            onChange=${(/** @type {boolean} */ on) => desk.commands.give({ type: 'questions.moderation', mode: on ? 'pre' : 'post' })}
          />
          <button type="button" class="button" data-action="pass-on" onClick=${() => desk.write('ask')}>
            ${moderate.passOn} <kbd aria-hidden="true">c</kbd>
          </button>`}
      </div>
      <${Windowed} items=${rows} row=${drawn} guess=${GUESS} label=${moderate.queue} role="region" chosen=${question?.id} />
    </main>
  `;
}

/** @param {{ desk: Desk, question: Question }} props */
function Line({ desk, question }) {
  const { session } = desk;
  const { moderate } = words;
  const selected = desk.question.value?.id === question.id;
  const double = desk.double.value;
  const [likeliest] = ACTIONS[question.state];
  const chosen = () => desk.select(question.id);
  return html`
    <div
      class="row"
      data-question=${question.id}
      data-state=${question.state}
      data-double=${double?.id === question.id ? '' : undefined}
      aria-current=${selected ? 'true' : undefined}
      onClick=${chosen}
      onFocusIn=${chosen}
    >
      <div class="row-said">
        <p class="row-text" dir="auto">${question.text}</p>
        <${Asked} session=${session} question=${question} brief />
      </div>
      ${double
        ? double.id !== question.id &&
          mayTakeIn(question) &&
          html`<button type="button" class="button" data-action="keep" onClick=${() => desk.keep(question)}>${moderate.mergeKeep}</button>`
        : likeliest &&
          !isOver(session) &&
          html`<button type="button" class="button" data-action=${likeliest} onClick=${(/** @type {Event} */ event) => (event.stopPropagation(), desk.act(question, likeliest))}>
            ${moderate[likeliest]}
          </button>`}
    </div>
  `;
}
