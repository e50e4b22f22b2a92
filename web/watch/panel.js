/** Beside the picture, or below it on a phone: chat, questions, and polls and a declaration once there are any. */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { State } from '../shared/store.js' */

import { Chat } from '../shared/ui/chat.js';
import { stepTabs } from '../shared/ui/parts.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { later } from './later.js';

const TABS = /** @type {const} */ (['chat', 'ask', 'polls', 'declaration']);

/** @param {State} state */
export const pollsFor = (state) => state.polls.filter((poll) => poll.state !== 'draft');

/** @param {{ session: LiveSession }} props */
export function Panel({ session }) {
  const [tab, setTab] = useState(/** @type {typeof TABS[number]} */ ('chat'));
  const news = useNews(session, tab);
  const { declaration } = session.state.value;
  const parts = { chat: Chat, ask: later.value?.Questions, polls: later.value?.Polls, declaration: later.value?.Declaration };
  const some = { chat: true, ask: true, polls: pollsFor(session.state.value).length > 0, declaration: declaration !== null };
  const there = TABS.filter((name) => some[name] || tab === name);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => stepTabs(event, there, tab, setTab);
  return html`
    <aside class="panel" aria-label=${words.watch.panel}>
      <div class="tabs" role="tablist" onKeyDown=${onKeyDown}>
        ${there.map(
          (name) => html`
            <button
              key=${name}
              id="tab-${name}"
              type="button"
              role="tab"
              aria-selected=${tab === name}
              aria-controls="panel-${name}"
              tabindex=${tab === name ? 0 : -1}
              onClick=${() => setTab(name)}
            >
              ${words[name].tab}${news[name] && html`<span class="dot" role="img" aria-label=${words.watch.news}></span>`}
            </button>
          `,
        )}
      </div>
      ${there.map(
        (name) => html`
          <div key=${name} class="panel-body" id="panel-${name}" role="tabpanel" aria-labelledby="tab-${name}" hidden=${tab !== name}>
            ${tab === name && parts[name] && html`<${parts[name]} session=${session} />`}
          </div>
        `,
      )}
    </aside>
  `;
}

/**
 * Say where something is new that one has not looked at.
 *
 * @param {LiveSession} session
 * @param {typeof TABS[number]} tab
 * @returns {Record<typeof TABS[number], boolean>}
 */
function useNews(session, tab) {
  const { chat, questions, declaration } = session.state.value;
  const newest = {
    chat: chat.at(-1)?.id,
    ask: questions.map(({ id, state }) => `${id}${state}`).join(),
    polls: pollsFor(session.state.value)
      .map(({ id, state }) => `${id}${state}`)
      .join(),
    declaration: declaration ? `${declaration.id}${declaration.open}` : undefined,
  };
  const [read, setRead] = useState(newest);
  useEffect(() => {
    if (read[tab] !== newest[tab]) setRead({ ...read, [tab]: newest[tab] });
  });
  const differs = (/** @type {typeof TABS[number]} */ name) => tab !== name && !!newest[name] && newest[name] !== read[name];
  return { chat: differs('chat'), ask: differs('ask'), polls: differs('polls'), declaration: differs('declaration') };
}
