/** What somebody behind the scenes is told: it stands above everything until they say that they have seen it. */

/** @import { ChatMessage } from '../protocol.js' */

import { say, words } from '../words.js';
import { html } from '../../vendor/htm-preact.js';

/**
 * `from` names the writer as `{name}`; without a note nothing is seen, and a reader of screens hears the next one.
 * @param {{ note: ChatMessage | null | undefined, from: string, onSeen: () => void }} props
 */
export function Note({ note, from, onSeen }) {
  const by = note ? say(from, { name: note.author.name }) : '';
  return html`
    <div role="status">
      ${note &&
      html`<section class="noted" key=${note.id} aria-label=${by}>
        <p class="noted-by">${by}</p>
        <p class="noted-text">${note.text}</p>
        <button type="button" class="button" data-action="seen" onClick=${onSeen}>${words.speak.noteSeen}</button>
      </section>`}
    </div>
  `;
}
