/**
 * The line between the hall's desk and whoever directs: what they last said stands above everything until it is seen
 * or answered. Written and not spoken: this desk's loudspeakers are the hall's.
 */

/** @import { LiveSession } from '../shared/session.js' */

import { lastFrom } from '../shared/selectors.js';
import { Chat } from '../shared/ui/chat.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

/** What staff said last, until this desk has answered. @param {{ session: LiveSession }} props */
export function Noted({ session }) {
  const { av, speak } = words;
  const note = lastFrom(session.state.value, 'staff');
  const seen = () => note && session.command({ type: 'chat.post', channel: 'hall', text: speak.noteSeen, reply_to: note.id });
  return html`
    <div role="status">
      ${note &&
      html`<section class="noted" key=${note.id} aria-label=${say(av.noteFrom, { name: note.author.name })}>
        <p class="noted-by">${say(av.noteFrom, { name: note.author.name })}</p>
        <p class="noted-text">${note.text}</p>
        <button type="button" class="button" data-action="seen" onClick=${seen}>${speak.noteSeen}</button>
      </section>`}
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
export const Line = ({ session }) => html`
  <section class="av-part av-line" aria-labelledby="av-line">
    <h2 id="av-line" class="av-part-head">${words.av.producer}</h2>
    <${Chat} session=${session} channel="hall" empty=${words.av.producerNone} label=${words.av.producerLabel} />
  </section>
`;
