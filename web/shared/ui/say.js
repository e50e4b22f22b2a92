/**
 * Where one says something in the chat: the field, what one replies to, and why one has to wait, as long as
 * that is so. Asks the clock by itself, so that no list is drawn anew each second.
 */

/** @import { Channel, ChatMessage } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useRef } from '../../vendor/preact-hooks.js';
import { mutedUntil, slowUntil } from '../selectors.js';
import { timeOfDay } from '../time.js';
import { say, words } from '../words.js';
import { Compose } from './compose.js';

/** Longest text the protocol takes. */
const LONGEST = 1000;

/**
 * @param {{ session: LiveSession, channel: Channel, to: ChatMessage | null, onReplied: () => void, onSent: () => void,
 *   label?: string, alone?: { id: string, name: string } | null }} props `to`: what is replied to; `onReplied`: it is no
 *   longer; `label`: what the field is called; `alone`: the only one whom it is for
 */
export function Say({ session, channel, to, onReplied, onSent, label, alone = null }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (to) box.current?.querySelector('textarea')?.focus();
  }, [to?.id]);
  const { chat: said } = words;
  return html`
    <div
      class="say"
      ref=${box}
      onKeyDown=${(/** @type {KeyboardEvent} */ { key, isComposing }) => key === 'Escape' && !isComposing && onReplied()}
    >
      ${to &&
      html`<p class="reply-to">
        <span class="quote" dir="auto"><span class="quote-name">${say(said.replyTo, { name: to.author.name })}</span> ${to.text}</span>
        <button type="button" class="button slight" onClick=${onReplied}>${said.replyNot}</button>
      </p>`}
      <${Compose}
        session=${session}
        intent=${(/** @type {string} */ text) => ({ type: 'chat.post', text, channel, ...(to && { reply_to: to.id }), ...(alone && { to: alone.id }) })}
        label=${alone ? say(said.labelOne, { name: alone.name }) : label ?? (channel === 'backstage' ? said.labelBackstage : said.label)}
        send=${said.send}
        longest=${LONGEST}
        wait=${useWait(session, channel)}
        onSent=${() => (onReplied(), onSent())}
      />
    </div>
  `;
}

/** Say whom alone a line is for. @param {import('../store.js').State} state @param {import('../protocol.js').Person} to */
export const toWhom = ({ you }, to) => (to.id === you?.id ? words.chat.toYou : say(words.chat.toOne, { name: to.name }));

/**
 * Say why one may not post at this moment, and for how long; nothing where one may.
 *
 * @param {LiveSession} session
 * @param {Channel} channel
 */
function useWait(session, channel) {
  const state = session.state.value;
  const [muted, slow] = [mutedUntil(state), channel === 'public' ? slowUntil(state) : 0];
  const now = Math.max(muted, slow) ? session.now.value : 0;
  if (muted > now) return say(words.chat.mutedUntil, { time: timeOfDay(muted) });
  return slow > now ? say(words.chat.slowFor, { n: Math.ceil((slow - now) / 1000) }) : '';
}
