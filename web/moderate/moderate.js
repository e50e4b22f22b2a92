/**
 * The moderator's desk: the next question. Beside it what the hall sees, the floor, the chat, polls, announcements,
 * and who is here. Owns the layout, which panel is open, and which part of the desk a key is for.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { Intercom } from '../shared/intercom.js';
import { joinStage } from '../shared/stage.js';
import { keepFocus } from '../shared/ui/focus.js';
import { KeysSwitch, isField, keysAct } from '../shared/ui/keys.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { useMedia } from '../shared/ui/media_query.js';
import { Nowhere, openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine, Dialog, PresenceCounts, stepTabs } from '../shared/ui/parts.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { ChatDesk, heldIn } from './chat.js';
import { isOver } from './commands.js';
import { Desk } from './desk.js';
import { Floor } from './floor.js';
import { CAPS, LISTED } from './keys.js';
import { Notices } from './notices.js';
import { useCommands } from './parts.js';
import { PeopleDesk } from './people.js';
import { PollsDesk } from './polls.js';
import { Questions } from './questions.js';
import { Sees } from './sees.js';
import { FLOOR_KEYS, floorIntent } from './turns.js';

/** What stands beside the questions; on a phone, they are a panel too. */
const BESIDE = /** @type {const} */ (['floor', 'chat', 'polls', 'notices', 'people']);

/** @typedef {typeof BESIDE[number] | 'questions'} Tab */

/** Where one panel at a time is all there is room for. */
const NARROW = matchMedia('(max-width: 51.25em)');

keepFocus();

void openPage('moderate', (session) => {
  const viewer = joinStage(session);
  viewer.muted.value = true;
  const desk = new Desk(session);
  const intercom = new Intercom(session);
  return {
    view: () => html`<${Moderate} session=${session} viewer=${viewer} desk=${desk} intercom=${intercom} />`,
    media: () => ({ ...viewer.debug(), ear: intercom.ear.debug() }),
  };
});

/** @param {{ session: LiveSession, viewer: Viewer, desk: Desk, intercom: Intercom }} props */
function Moderate({ session, viewer, desk, intercom }) {
  const { moderate } = words;
  const state = session.state.value;
  const title = state.session?.title ?? '';
  const narrow = useMedia(NARROW);
  const [keysShown, setKeysShown] = useState(false);
  const [wanted, setTab] = useState(/** @type {Tab} */ ('chat'));
  const [begun, setBegun] = useState(false);
  const floor = useCommands(session);
  const chat = useCommands(session);
  useTitle(title || moderate.title);
  /** @type {Tab} */
  const tab = narrow ? (begun ? wanted : 'questions') : wanted === 'questions' ? 'chat' : wanted;
  const turn = (/** @type {Tab} */ to) => {
    setBegun(true);
    setTab(to);
  };

  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (isField(event.target)) {
        if (event.key === 'Escape' && event.target instanceof HTMLElement && !event.target.closest('dialog')) event.target.blur();
        return;
      }
      const button = event.target instanceof HTMLElement && event.target.matches('button, summary, a, input');
      if (button && (event.key === 'Enter' || event.key === ' ')) return;
      if ((keysAct.value || event.key === 'Escape') && press(event.key)) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  /** @param {string} key @returns {boolean} whether it means anything */
  const press = (key) => {
    const beside = BESIDE[Number(key) - 1];
    if (key === '?') setKeysShown(true);
    else if (beside) {
      turn(beside);
      document.getElementById(`tab-${beside}`)?.focus();
    } else if (FLOOR_KEYS.some((one) => one === key)) {
      const intent = floorIntent(session.state.value.floor, key);
      if (!intent || isOver(session)) return false;
      turn('floor');
      void floor.give(intent);
    } else if (key === 'y' || key === 'r') {
      const [oldest] = heldIn(session);
      if (!oldest || isOver(session)) return false;
      turn('chat');
      void chat.give({ type: key === 'y' ? 'chat.approve' : 'chat.delete', message: oldest.id });
    } else return desk.press(key);
    return true;
  };

  if (state.you && !state.can.includes('question.approve')) {
    return html`<${Nowhere} why=${moderate.title} how=${moderate.notAllowed} />`;
  }
  const counts = {
    questions: state.questions.filter((q) => q.state === 'pending').length,
    floor: state.floor.waiting.hall + state.floor.waiting.online,
    chat: heldIn(session).length,
    polls: state.polls.filter((poll) => poll.state === 'open').length,
    notices: state.announcement ? 1 : 0,
    people: 0,
  };
  return html`
    <div class="desk-grid" data-tab=${tab}>
      <header class="desk-head">
        <h1 dir="auto">${title}</h1>
        <${ConnectionLine} session=${session} viewer=${viewer} />
        <${PresenceCounts} session=${session} />
        <button type="button" class="button keys-button" onClick=${() => setKeysShown(true)}>${moderate.keys} <kbd aria-hidden="true">?</kbd></button>
        <${LanguageChoice} />
      </header>
      <${Questions} desk=${desk} />
      <aside class="beside" aria-label=${moderate.beside}>
        <${Sees} session=${session} viewer=${viewer} />
        <${Tabs} tab=${tab} tabs=${narrow ? ['questions', ...BESIDE] : BESIDE} counts=${counts} onTab=${turn} />
        <div class="beside-body" id="panel-${tab}" role="tabpanel" aria-labelledby="tab-${tab}">
          ${tab === 'floor' && html`<${Floor} session=${session} commands=${floor} />`}
          ${tab === 'chat' && html`<${ChatDesk} session=${session} commands=${chat} intercom=${intercom} />`}
          ${tab === 'polls' && html`<${PollsDesk} session=${session} />`}
          ${tab === 'notices' && html`<${Notices} session=${session} />`}
          ${tab === 'people' && html`<${PeopleDesk} session=${session} />`}
        </div>
      </aside>
      ${keysShown && html`<${Keys} onClose=${() => setKeysShown(false)} />`}
    </div>
  `;
}

/** @param {{ tab: Tab, tabs: readonly Tab[], counts: Record<Tab, number>, onTab: (tab: Tab) => void }} props */
function Tabs({ tab, tabs, counts, onTab }) {
  const { moderate } = words;
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => stepTabs(event, tabs, tab, onTab);
  return html`
    <div class="tabs" role="tablist" aria-label=${moderate.beside} onKeyDown=${onKeyDown}>
      ${tabs.map(
        (name) => html`
          <button
            key=${name}
            id="tab-${name}"
            type="button"
            role="tab"
            aria-selected=${tab === name}
            aria-controls=${tab === name ? `panel-${name}` : undefined}
            tabindex=${tab === name ? 0 : -1}
            data-tab=${name}
            onClick=${() => onTab(name)}
          >
            ${moderate.tabs[name]} ${counts[name] > 0 && html`<span class="tab-count">${counts[name]}</span>`}
          </button>
        `,
      )}
    </div>
  `;
}

/** @param {{ onClose: () => void }} props */
const Keys = ({ onClose }) => html`
  <${Dialog} label=${words.moderate.keysTitle} onClose=${onClose}>
    <h2>${words.moderate.keysTitle}</h2>
    <div class="keys">
      ${/** @type {(keyof typeof LISTED)[]} */ (Object.keys(LISTED)).map(
        (part) => html`
          <section key=${part}>
            <h3 class="list-head">${words.moderate.keysParts[part]}</h3>
            <dl>
              ${LISTED[part].map((key) => html`<div key=${key}><dt><kbd>${CAPS[key] ?? key}</kbd></dt><dd>${words.moderate.keysList[key]}</dd></div>`)}
            </dl>
          </section>
        `,
      )}
    </div>
    <${KeysSwitch} />
    <div class="dialog-buttons">
      <button type="button" class="button" autofocus onClick=${onClose}>${words.moderate.close}</button>
    </div>
  <//>
`;
