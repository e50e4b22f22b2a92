/** What is announced to those in the hall: all of it, a part at a time where it is more than a few lines. */

/** @import { LiveSession } from '../shared/session.js' */

import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { Part, usePart } from './part.js';
import { useParts, whole } from './fit.js';

const STEPS = [''];

/** As long as the number of a part. */
const TAIL = '  0 / 0';

/** @param {{ session: LiveSession, text: string }} props */
export function News({ session, text }) {
  const { section, box, parts } = useParts(text, STEPS, '', whole, TAIL);
  const part = usePart(session, parts.length);
  return html`
    <p ref=${section} class="news-text">
      <span class="news-label">${words.announcement}</span> <bdi ref=${box}>${parts[part]}</bdi>
      ${parts.length > 1 && html` <${Part} part=${part} parts=${parts.length} />`}
    </p>
  `;
}
