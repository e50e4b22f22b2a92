/**
 * The line between the hall's desk and whoever directs: what they last said stands above everything until it is seen
 * or answered. Written and not spoken: this desk's loudspeakers are the hall's.
 */

/** @import { LiveSession } from '../shared/session.js' */

import { lastFrom } from '../shared/selectors.js';
import { Chat } from '../shared/ui/chat.js';
import { Note } from '../shared/ui/noted.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

/** What staff said last, until this desk has answered. @param {{ session: LiveSession }} props */
export function Noted({ session }) {
  const note = lastFrom(session.state.value, 'staff');
  const seen = () =>
    note && session.command({ type: 'chat.post', channel: 'hall', text: words.speak.noteSeen, reply_to: note.id });
  return html`<${Note} note=${note} from=${words.av.noteFrom} onSeen=${seen} />`;
}

/** @param {{ session: LiveSession }} props */
export const Line = ({ session }) => html`
  <section class="av-part av-line" aria-labelledby="av-line">
    <h2 id="av-line" class="av-part-head">${words.av.producer}</h2>
    <${Chat} session=${session} channel="hall" empty=${words.av.producerNone} label=${words.av.producerLabel} />
  </section>
`;
