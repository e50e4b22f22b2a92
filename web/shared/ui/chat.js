/** The chat: what was said, and a field to say something. Follows the newest line unless one reads back. */

/** @import { Channel, ChatMessage } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { parts } from '../links.js';
import { chatIn, isOver, maySay } from '../store.js';
import { timeOfDay } from '../time.js';
import { say, words } from '../words.js';
import { Compose } from './compose.js';
import { Windowed } from './windowed.js';

/** Longest text the protocol takes. */
const LONGEST = 1000;

/** Height of a message of one line, in pixels. */
const GUESS = 62;

/** @param {{ session: LiveSession, channel?: Channel }} props */
export function Chat({ session, channel = 'public' }) {
  const state = session.state.value;
  const { session: talk } = state;
  const chat = chatIn(state, channel);
  const { chat: said } = words;
  return html`
    <div class="chat">
      <${Windowed}
        items=${chat}
        row=${(/** @type {ChatMessage} */ message) => html`<${Line} session=${session} message=${message} />`}
        guess=${GUESS}
        label=${said.tab}
        role="log"
        newest=${said.newest}
        follow
      >
        <p class="empty">${channel === 'backstage' ? said.emptyBackstage : said.empty}</p>
      <//>
      ${isOver(talk?.status)
        ? html`<p class="empty foot">${said.closed}</p>`
        : maySay(state, channel) &&
          html`<${Compose}
            session=${session}
            intent=${(/** @type {string} */ text) => ({ type: 'chat.post', text, channel })}
            label=${channel === 'backstage' ? said.labelBackstage : said.label}
            send=${said.send}
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
    <div class="chat-line">
      <p class="chat-head">
        <span class="chat-name">${author.name}</span>
        ${!audience && html`<span class="role">${words.presence.roles[author.role]}</span>`}
        <time class="quiet">${timeOfDay(at)}</time>
        ${session.state.value.can.includes('chat.delete') &&
        html`<button
          type="button"
          class="button slight"
          aria-label=${say(words.chat.removeOf, { name: author.name })}
          onClick=${() => session.command({ type: 'chat.delete', message: id })}
        >
          ${words.chat.remove}
        </button>`}
      </p>
      <p class="chat-text">
        ${parts(text).map((part) =>
          part.href
            ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`
            : part.text,
        )}
      </p>
    </div>
  `;
}
