/** The chat: what was said, and a field to say something. Follows the newest line unless one reads back. */

/** @import { Channel, ChatMessage } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useState } from '../../vendor/preact-hooks.js';
import { parts } from '../links.js';
import { chatIn, isOver, maySay, pinnedIn, repliedTo } from '../selectors.js';
import { timeOfDay } from '../time.js';
import { refusal, say, words } from '../words.js';
import { Icon } from './icons.js';
import { IconButton } from './parts.js';
import { Say, toWhom } from './say.js';
import { Windowed } from './windowed.js';

/** Height of a message of one line, in pixels. */
const GUESS = 62;

/**
 * @param {{ session: LiveSession, channel?: Channel, empty?: string, label?: string, to?: { id: string, name: string } | null }} props
 *   `empty`: what stands where nothing was said yet; `label`: what the field is called; `to`: whom alone what is written is for
 */
export function Chat({ session, channel = 'public', empty, label, to = null }) {
  const state = session.state.value;
  const { session: talk } = state;
  const chat = chatIn(state, channel);
  const { chat: said } = words;
  const [sought, seek] = useState(/** @type {{ id: string | null } | null} */ (null));
  const [answered, answer] = useState(/** @type {string | null} */ (null));
  const open = !isOver(talk?.status) && maySay(state, channel);
  return html`
    <div class="chat">
      <${Pinned} message=${pinnedIn(state, channel)} />
      <${Windowed}
        items=${chat}
        row=${(/** @type {ChatMessage} */ message) => html`<${Line}
          session=${session}
          message=${message}
          onReply=${open && !message.held ? () => answer(message.id) : undefined}
          onSeek=${(/** @type {string} */ id) => seek({ id })}
        />`}
        sought=${sought}
        guess=${GUESS}
        label=${said.tab}
        role="log"
        newest=${said.newest}
        follow
      >
        <p class="empty">${empty ?? (channel === 'backstage' ? said.emptyBackstage : said.empty)}</p>
      <//>
      ${isOver(talk?.status)
        ? html`<p class="empty foot">${said.closed}</p>`
        : open &&
          html`<${Say}
            session=${session}
            channel=${channel}
            label=${label}
            to=${chat.find(({ id }) => id === answered) ?? null}
            alone=${to}
            onReplied=${() => answer(null)}
            onSent=${() => seek({ id: null })}
          />`}
    </div>
  `;
}

/** What a moderator keeps in sight. @param {{ message: ChatMessage | null }} props */
const Pinned = ({ message }) => html`
  <div role="status">
    ${message &&
    html`<p class="chat-pinned" key=${message.id}>
      <${Icon} name="pin" /><span class="quiet">${say(words.chat.pinnedOf, { name: message.author.name })}</span>
      <span class="chat-text">${message.text}</span>
    </p>`}
  </div>
`;

/**
 * @param {{ session: LiveSession, message: ChatMessage, onReply?: () => void, onSeek: (id: string) => void }} props
 *   without `onReply`, it takes no reply
 */
function Line({ session, message, onReply, onSeek }) {
  const { author, text, at, id } = message;
  const to = repliedTo(session.state.value, message);
  const [refused, setRefused] = useState('');
  const remove = async () => {
    const outcome = await session.command({ type: 'chat.delete', message: id });
    setRefused(outcome.ok ? '' : refusal(outcome));
  };
  const audience = author.role === 'viewer' || author.role === 'hall';
  return html`
    <div class="chat-line">
      <p class="chat-head">
        <span class="chat-name">${author.name}</span>
        ${!audience && html`<span class="role">${words.presence.roles[author.role]}</span>`}
        ${message.to && html`<span class="role to-one">${toWhom(session.state.value, message.to)}</span>`}
        <time class="quiet">${timeOfDay(at)}</time>
        ${session.state.value.can.includes('chat.delete') &&
        html`<button
          type="button"
          class="button slight"
          aria-label=${say(words.chat.removeOf, { name: author.name })}
          onClick=${remove}
        >
          ${words.chat.remove}
        </button>`}
        ${onReply &&
        html`<${IconButton} icon="reply" label=${say(words.chat.replyTo, { name: author.name })} onClick=${onReply} kind="slight reply" hideLabel />`}
      </p>
      ${to &&
      html`<button type="button" class="quote" dir="auto" onClick=${() => onSeek(to.id)}>
        <span class="quote-name">${to.author.name}</span> ${to.text}
      </button>`}
      ${!to && message.reply_to && html`<p class="quote">${words.chat.replyToEarlier}</p>`}
      <p class="chat-text">
        ${parts(text).map((part) =>
          part.href
            ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`
            : part.text,
        )}
      </p>
      ${refused && html`<p class="note" data-said role="alert">${refused}</p>`}
      ${message.held && author.id === session.state.value.you?.id && html`<p class="note held">${words.chat.held}</p>`}
    </div>
  `;
}
