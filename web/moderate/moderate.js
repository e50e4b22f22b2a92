/** The moderator's desk: the next question. Beside it the chat, who is here, and what the hall sees. */

/** @import { Question } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */
/** @import { Action } from './queue.js' */

import { joinStage } from '../shared/stage.js';
import { timeOfDay } from '../shared/time.js';
import { Chat } from '../shared/ui/chat.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine, Dialog, NameLine, People, PresenceCounts } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { ACTIONS, KEYS, SECTIONS, after, intentOf, sections, step } from './queue.js';

const { moderate } = words;

/** @type {Record<typeof SECTIONS[number], readonly [head: keyof typeof moderate, none: keyof typeof moderate]>} */
const HEADS = {
  on_screen: ['onScreen', 'onScreenNone'],
  pending: ['pending', 'pendingNone'],
  shortlisted: ['shortlisted', 'shortlistedNone'],
  approved: ['approved', 'approvedNone'],
  answered: ['answered', 'answeredNone'],
};

/** Keys with words in the catalogues, in the order they are listed. */
const LISTED = /** @type {const} */ (['j', 'k', 'a', 'l', 's', 'b', 'h', 'w', 'd', '?']);

const keyOf = (/** @type {Action} */ action) => Object.keys(KEYS).find((key) => KEYS[key] === action);

void openPage('moderate', (session) => {
  const viewer = joinStage(session);
  viewer.muted.value = true;
  return {
    view: () => html`<${Moderate} session=${session} viewer=${viewer} />`,
    media: () => viewer.debug(),
  };
});

/** @param {{ session: LiveSession, viewer: Viewer }} props */
function Moderate({ session, viewer }) {
  const state = session.state.value;
  const title = state.session?.title ?? '';
  const [keysShown, setKeysShown] = useState(false);
  const [selected, setSelected] = useState(/** @type {string | null} */ (null));
  const [said, setSaid] = useState('');
  useTitle(title || moderate.title);

  const act = async (/** @type {Question | undefined} */ question, /** @type {Action} */ action) => {
    const intent = intentOf(question, action);
    if (!question || !intent) return;
    setSelected(after(session.state.value.questions, question.id, action));
    setSaid('');
    const outcome = await session.command(intent);
    if (!outcome.ok) setSaid(refusal(outcome));
  };

  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isField(event.target)) return;
      const { questions } = session.state.value;
      const action = KEYS[event.key];
      if (event.key === '?') setKeysShown(true);
      else if (event.key === 'j') setSelected((id) => step(questions, id, 1));
      else if (event.key === 'k') setSelected((id) => step(questions, id, -1));
      else if (action) void act(questions.find((q) => q.id === selected), action);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  if (state.you && !state.can.includes('question.approve')) {
    return html`<main class="slate alone"><h1>${moderate.title}</h1><p>${moderate.notAllowed}</p></main>`;
  }
  const parts = sections(state.questions);
  return html`
    <div class="desk-grid">
      <header class="desk-head">
        <h1>${title}</h1>
        <${ConnectionLine} session=${session} viewer=${viewer} />
        <${PresenceCounts} session=${session} />
        <button type="button" class="button" onClick=${() => setKeysShown(true)}>${moderate.keys} <kbd>?</kbd></button>
        <${LanguageChoice} />
      </header>
      <main class="queue" aria-label=${moderate.queue}>
        ${said && html`<p class="note" data-said role="alert">${said}</p>`}
        ${SECTIONS.map((name) => {
          const [head, none] = HEADS[name].map((key) => moderate[key]);
          const count = parts[name].length;
          return html`
            <section key=${name} class="part" data-part=${name}>
              <h2 class="part-head">${head} ${count > 0 && html`<span class="count">${count}</span>`}</h2>
              ${count === 0 && html`<p class="empty">${none}</p>`}
              <ul>
                ${parts[name].map(
                  (q) => html`<${Row}
                    key=${q.id}
                    question=${q}
                    selected=${q.id === selected}
                    onSelect=${() => setSelected(q.id)}
                    onAct=${(/** @type {Action} */ action) => act(q, action)}
                  />`,
                )}
              </ul>
            </section>
          `;
        })}
      </main>
      <aside class="beside">
        <section>
          <h2 class="beside-head">${moderate.sees}</h2>
          <${Picture} session=${session} viewer=${viewer} />
          <${NameLine} session=${session} />
        </section>
        <section class="beside-chat">
          <h2 class="beside-head">${words.chat.tab}</h2>
          <${Chat} session=${session} />
        </section>
        <details class="beside-people">
          <summary>${words.presence.people}</summary>
          <${People} session=${session} />
        </details>
      </aside>
      ${keysShown && html`<${Keys} onClose=${() => setKeysShown(false)} />`}
    </div>
  `;
}

/**
 * @param {{ question: Question, selected: boolean, onSelect: () => void, onAct: (action: Action) => void }} props
 */
function Row({ question, selected, onSelect, onAct }) {
  const { author, text, at, state } = question;
  const from = [author.affiliation, author.place === 'hall' ? words.presence.inHall : ''].filter(Boolean).join(', ');
  const scroll = (/** @type {HTMLElement | null} */ row) => {
    if (row && selected) row.scrollIntoView({ block: 'nearest' });
  };
  return html`
    <li
      class="row"
      ref=${scroll}
      data-question=${question.id}
      data-state=${state}
      aria-current=${selected ? 'true' : undefined}
      onClick=${onSelect}
      onFocusIn=${onSelect}
    >
      <div class="row-said">
        <p class="row-text">${text}</p>
        <p class="quiet">${author.name || words.ask.anonymous}${from && `, ${from}`} <time>${timeOfDay(at)}</time></p>
      </div>
      <div class="row-acts">
        ${ACTIONS[state].map(
          (action, i) => html`
            <button
              key=${action}
              type="button"
              class="button ${i === 0 && selected ? 'primary' : ''}"
              data-action=${action}
              onClick=${() => onAct(action)}
            >
              ${moderate[action]} <kbd aria-hidden="true">${keyOf(action)}</kbd>
            </button>
          `,
        )}
      </div>
    </li>
  `;
}

/** @param {{ onClose: () => void }} props */
const Keys = ({ onClose }) => html`
  <${Dialog} label=${moderate.keysTitle} onClose=${onClose}>
    <h2>${moderate.keysTitle}</h2>
    <dl class="keys">
      ${LISTED.map((key) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${moderate.keysList[key]}</dd></div>`)}
    </dl>
    <div class="dialog-buttons">
      <button type="button" class="button" autofocus onClick=${onClose}>${moderate.close}</button>
    </div>
  <//>
`;

/** Whether keys typed there are text. @param {EventTarget | null} target */
const isField = (target) =>
  target instanceof HTMLElement && (target.matches('input, textarea, select') || target.closest('dialog') !== null);
