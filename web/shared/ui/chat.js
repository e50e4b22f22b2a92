/** The chat: what was said, and a field to say something. Follows the newest line unless one reads back. */

/** @import { ChatMessage } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { timeOfDay } from '../time.js';
import { words } from '../words.js';
import { Compose } from './compose.js';

/** Longest text the protocol takes. */
const LONGEST = 1000;

/** Nearer to the end than this, in pixels, counts as reading the newest. */
const NEAR = 60;

/** @param {{ session: LiveSession }} props */
export function Chat({ session }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const [follows, setFollows] = useState(true);
  const { chat, can, session: talk } = session.state.value;
  const toNewest = () => list.current?.scrollTo({ top: list.current.scrollHeight });
  useLayoutEffect(() => {
    if (follows) toNewest();
  }, [chat, follows]);
  useEffect(() => {
    const at = list.current;
    if (!at || !follows) return undefined;
    const watcher = new ResizeObserver(toNewest);
    watcher.observe(at);
    return () => watcher.disconnect();
  }, [follows]);
  const onScroll = () => {
    const at = list.current;
    if (at) setFollows(at.scrollHeight - at.scrollTop - at.clientHeight < NEAR);
  };

  return html`
    <div class="chat">
      <div class="scroll" ref=${list} onScroll=${onScroll} tabindex="0" role="log" aria-label=${words.chat.tab}>
        ${chat.length
          ? html`<ol class="chat-lines">
              ${chat.map((message) => html`<${Line} key=${message.id} session=${session} message=${message} />`)}
            </ol>`
          : html`<p class="empty">${words.chat.empty}</p>`}
      </div>
      ${!follows && html`<button type="button" class="button newest" onClick=${toNewest}>${words.chat.newest}</button>`}
      ${talk?.status === 'ended'
        ? html`<p class="empty">${words.chat.closed}</p>`
        : can.includes('chat.post') &&
          html`<${Compose}
            session=${session}
            intent=${(/** @type {string} */ text) => ({ type: 'chat.post', text })}
            label=${words.chat.label}
            send=${words.chat.send}
            longest=${LONGEST}
          />`}
    </div>
  `;
}

/** @param {{ session: LiveSession, message: ChatMessage }} props */
function Line({ session, message }) {
  const { author, text, at, id } = message;
  const audience = author.role === 'viewer' || author.role === 'hall';
  return html`
    <li class="chat-line">
      <p class="chat-head">
        <span class="chat-name">${author.name}</span>
        ${!audience && html`<span class="role">${words.presence.roles[author.role]}</span>`}
        <time class="quiet">${timeOfDay(at)}</time>
        ${session.state.value.can.includes('chat.delete') &&
        html`<button
          type="button"
          class="button slight"
          aria-label=${words.chat.removeOf(author.name)}
          onClick=${() => session.command({ type: 'chat.delete', message: id })}
        >
          ${words.chat.remove}
        </button>`}
      </p>
      <p class="chat-text">${text}</p>
    </li>
  `;
}
