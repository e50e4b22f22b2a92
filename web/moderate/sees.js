/** What the hall sees, small: the picture, and over it the question, the poll or the announcement. */

/** @import { Poll } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { declarationOnScreen, onScreen, pinnedFor, pollOnScreen, resultOf } from '../shared/selectors.js';
import { signedOf } from '../shared/ui/declaration.js';
import { NameLine } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { isOver } from './commands.js';

/** @param {{ session: LiveSession, viewer: Viewer }} props */
export function Sees({ session, viewer }) {
  const { moderate } = words;
  const state = session.state.value;
  const over = isOver(session);
  const question = over ? undefined : onScreen(state);
  const poll = over ? undefined : pollOnScreen(state);
  const declaration = over ? undefined : declarationOnScreen(state);
  const pinned = over ? null : pinnedFor(state, 'hall');
  const shows = question ? 'question' : poll ? 'poll' : declaration ? 'declaration' : 'nothing';
  return html`
    <section class="sees" data-shows=${shows}>
      <div class="sees-head">
        <h2 class="beside-head">${moderate.sees}</h2>
        <p class="quiet" role="status">${moderate.shows[shows]}${pinned ? ` ${moderate.shows.pinned}` : ''}</p>
      </div>
      <${Picture} session=${session} viewer=${viewer}>
        <div class="over">
          ${pinned && html`<p class="over-pinned" dir="auto" key=${pinned.id}>${pinned.text}</p>`}
          ${question &&
          html`<div class="over-card" key=${question.id}>
            <p class="over-text" dir="auto">${question.text}</p>
            <p class="quiet">${question.anonymous ? words.ask.anonymous : question.author.name}</p>
          </div>`}
          ${declaration && html`<div class="over-card" key=${declaration.id}><p class="over-text" dir="auto">${declaration.title}</p><p class="quiet">${signedOf(declaration)}</p></div>`}
          ${poll && html`<div class="over-card" key=${poll.id}><p class="over-text" dir="auto">${poll.text}</p><${Bars} session=${session} poll=${poll} audience /></div>`}
        </div>
      <//>
      <${NameLine} session=${session} />
    </section>
  `;
}

/**
 * How a poll stands, a bar an option.
 *
 * @param {{ session: LiveSession, poll: Poll, audience?: boolean }} props `audience`: as far as the audience may know
 */
export function Bars({ session, poll, audience = false }) {
  const { voters, counts } = resultOf(session.state.value, poll);
  const known = audience && !poll.results ? null : counts;
  const most = Math.max(1, voters);
  return html`
    <ul class="bars">
      ${poll.options.map((option, i) => {
        const share = (100 * (known?.[i] ?? 0)) / most;
        return html`
          <li key=${i} class="bar">
            <span class="bar-text" dir="auto">${option}</span>
            ${known && html`<span class="bar-share">${known[i] ?? 0} <span class="quiet">· ${Math.round(share)} %</span></span>`}
            ${known && html`<span class="bar-line"><span style=${{ inlineSize: `${share}%` }}></span></span>`}
          </li>
        `;
      })}
    </ul>
  `;
}
