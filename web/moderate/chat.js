/**
 * The chat as it is looked after: three channels, what waits for a word of staff, and what may be done with a line.
 * Owns which channel is read and what is replied to; the rules of the public channel are in rules.js.
 */

/** @import { Channel, ChatMessage } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Intercom } from '../shared/intercom.js' */
/** @import { Commands } from './commands.js' */

import { parts } from '../shared/links.js';
import { chatIn, maySay, pinnedIn, repliedTo } from '../shared/selectors.js';
import { timeOfDay } from '../shared/time.js';
import { Segments } from '../shared/ui/fields.js';
import { IntercomBar } from '../shared/ui/intercom.js';
import { Say, toWhom } from '../shared/ui/say.js';
import { Windowed } from '../shared/ui/windowed.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { isOver } from './commands.js';
import { Act, Refused, Where } from './parts.js';
import { PutOut } from './people.js';
import { Rules } from './rules.js';

/** Height of a message of one line, in pixels. */
const GUESS = 62;

/** Held lines that are shown at once; those behind follow as these are dealt with. */
const AT_ONCE = 3;

/** Seconds somebody is muted for. */
const MUTES = /** @type {const} */ ([300, 3600]);

const CHANNELS = /** @type {const} */ (['public', 'backstage', 'moderators']);

/** Lines that wait for a word of staff, oldest first. @param {LiveSession} session */
export const heldIn = (session) => session.state.value.chat.filter((line) => line.held);

/** @param {{ session: LiveSession, commands: Commands, intercom: Intercom }} props `commands`: shared with the keys */
export function ChatDesk({ session, commands, intercom }) {
  const { moderate, chat: told } = words;
  const state = session.state.value;
  const [channel, setChannel] = useState(/** @type {Channel} */ ('public'));
  const [ruling, setRuling] = useState(false);
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  const [answered, answer] = useState(/** @type {string | null} */ (null));
  const [sought, seek] = useState(/** @type {{ id: string | null } | null} */ (null));
  const over = isOver(session);
  const pinned = pinnedIn(state, channel);
  const held = channel === 'public' ? heldIn(session) : [];
  const lines = chatIn(state, channel).filter((line) => !line.held);
  const { slow, hold } = state.chatRules;
  return html`
    <div class="chat chat-desk" data-channel=${channel}>
      <div class="chat-bar">
        <${Segments}
          name="channel"
          label=${moderate.chat.channel}
          value=${channel}
          keys=${CHANNELS.filter((name) => maySay(state, name))}
          choices=${moderate.chat.channels}
          onChange=${setChannel}
        />
        ${channel === 'public' &&
        !over &&
        html`<button type="button" class="button slight" aria-expanded=${ruling} data-action="rules" onClick=${() => setRuling(!ruling)}>
          ${moderate.chat.rules}
        </button>`}
      </div>
      ${channel === 'public' &&
      (slow > 0 || hold) &&
      html`<p class="chat-rules-now">
        ${slow > 0 && html`<span class="role">${say(moderate.chat.slowNow, { n: slow })}</span>`}
        ${hold && html`<span class="role">${moderate.chat.holdNow}</span>`}
      </p>`}
      <${Refused} commands=${commands} />
      ${channel === 'backstage' && html`<${IntercomBar} intercom=${intercom} />`}
      ${ruling && !over && channel === 'public' && html`<${Rules} session=${session} />`}
      ${pinned &&
      html`<div class="pinned-line">
        <p><span class="quiet">${moderate.chat.pinned}</span> <strong>${pinned.author.name}</strong> <bdi>${pinned.text}</bdi></p>
        ${!over && html`<${Act} commands=${commands} intent=${{ type: 'chat.unpin', message: pinned.id }} slight>${moderate.chat.unpin}<//>`}
      </div>`}
      ${held.length > 0 &&
      html`<section class="held-lines" aria-label=${moderate.chat.held}>
        <h3 class="list-head">${moderate.chat.held} <span class="count">${held.length}</span></h3>
        ${held.slice(0, AT_ONCE).map((line, i) => html`<${Held} key=${line.id} session=${session} commands=${commands} line=${line} oldest=${i === 0} />`)}
      </section>`}
      <${Windowed}
        items=${lines}
        row=${(/** @type {ChatMessage} */ line) =>
          html`<${Line}
            session=${session}
            commands=${commands}
            line=${line}
            open=${open === line.id}
            onOpen=${() => setOpen(open === line.id ? null : line.id)}
            onReply=${() => answer(line.id)}
            onSeek=${(/** @type {string} */ id) => seek({ id })}
          />`}
        guess=${GUESS}
        label=${told.tab}
        role="log"
        newest=${told.newest}
        sought=${sought}
        follow
        key=${channel}
      >
        <p class="empty">${moderate.chat.empty[channel]}</p>
      <//>
      ${over
        ? html`<p class="empty foot">${told.closed}</p>`
        : html`<${Say}
            key=${channel}
            session=${session}
            channel=${channel}
            label=${moderate.chat.labels[channel]}
            to=${lines.find(({ id }) => id === answered) ?? null}
            onReplied=${() => answer(null)}
            onSent=${() => seek({ id: null })}
          />`}
    </div>
  `;
}

/** A line that only staff and its author see. @param {{ session: LiveSession, commands: Commands, line: ChatMessage, oldest: boolean }} props */
const Held = ({ session, commands, line, oldest }) => html`
  <div class="held-line" data-message=${line.id} data-held=${line.held}>
    <p class="chat-head">
      <span class="chat-name">${line.author.name}</span>
      <span class="role">${line.held === 'words' ? words.moderate.chat.heldFor.words : words.moderate.chat.heldFor.approval}</span>
    </p>
    <p class="chat-text">${line.text}</p>
    ${!isOver(session) &&
    html`<div class="turn-acts">
      <${Act} commands=${commands} intent=${{ type: 'chat.approve', message: line.id }} cap=${oldest ? 'y' : ''} primary=${oldest}>${words.moderate.chat.approve}<//>
      <${Act} commands=${commands} intent=${{ type: 'chat.delete', message: line.id }} cap=${oldest ? 'r' : ''}>${words.moderate.chat.reject}<//>
    </div>`}
  </div>
`;

/**
 * @param {{ session: LiveSession, commands: Commands, line: ChatMessage, open: boolean,
 *   onOpen: () => void, onReply: () => void, onSeek: (id: string) => void }} props
 */
function Line({ session, commands, line, open, onOpen, onReply, onSeek }) {
  const { author, text, at, id } = line;
  const { moderate, chat, presence } = words;
  const state = session.state.value;
  const audience = author.role === 'viewer' || author.role === 'hall';
  const quoted = line.reply_to ? repliedTo(state, line) : null;
  const muted = state.muted.some((mute) => mute.person.id === author.id && mute.until > session.serverTime());
  const pinned = state.pinned.some((other) => other.id === id);
  return html`
    <div class="chat-line" data-message=${id}>
      <p class="chat-head">
        <span class="chat-name">${author.name}</span>
        ${!audience && html`<span class="role">${presence.roles[author.role]}</span>`}
        ${author.place === 'hall' && html`<${Where} place="hall" />`}
        ${line.to && html`<span class="role to-one">${toWhom(state, line.to)}</span>`}
        ${muted && html`<span class="role">${moderate.chat.isMuted}</span>`}
        <time class="quiet">${timeOfDay(at)}</time>
        ${!isOver(session) &&
        html`<span class="chat-acts">
          <button type="button" class="button slight" aria-label=${say(chat.removeOf, { name: author.name })} onClick=${() => commands.give({ type: 'chat.delete', message: id })}>
            ${chat.remove}
          </button>
          <button type="button" class="button slight" aria-expanded=${open} aria-label=${say(moderate.chat.moreOf, { name: author.name })} onClick=${onOpen}>
            ${moderate.chat.more}
          </button>
        </span>`}
      </p>
      ${quoted &&
      html`<button type="button" class="quote" dir="auto" onClick=${() => onSeek(quoted.id)}><span class="quote-name">${quoted.author.name}</span> ${quoted.text}</button>`}
      <p class="chat-text">
        ${parts(text).map((part) =>
          part.href ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>` : part.text,
        )}
      </p>
      ${open &&
      html`<div class="turn-acts">
        <button type="button" class="button" onClick=${onReply}>${moderate.chat.reply}</button>
        ${pinned
          ? html`<${Act} commands=${commands} intent=${{ type: 'chat.unpin', message: id }}>${moderate.chat.unpin}<//>`
          : !line.to && html`<${Act} commands=${commands} intent=${{ type: 'chat.pin', message: id }}>${moderate.chat.pin}<//>`}
        ${audience &&
        (muted
          ? html`<${Act} commands=${commands} intent=${{ type: 'chat.unmute', participant: author.id }}>${moderate.chat.unmute}<//>`
          : MUTES.map(
              (seconds) => html`<${Act} key=${seconds} commands=${commands} intent=${{ type: 'chat.mute', participant: author.id, seconds }}>
                ${say(moderate.chat.mute, { n: seconds / 60 })}
              <//>`,
            ))}
        ${audience && html`<${PutOut} commands=${commands} person=${author} />`}
      </div>`}
    </div>
  `;
}
