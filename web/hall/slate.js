/** What stands in the picture's place: what the room waits for, how long yet, and what comes after the end. */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */
/** @import { Next } from '../shared/ui/afterwards.js' */
/** @import { Signal } from '../vendor/signals.js' */

import { mediaOnStage, slate } from '../shared/selectors.js';
import { duration, timeOfDay } from '../shared/time.js';
import { refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { awaited } from './board.js';

/** @param {{ session: LiveSession, viewer: Viewer, next: Signal<Next | null> }} props `next`: what comes after the end */
export function HallSlate({ session, viewer, next: after }) {
  const state = session.state.value;
  const next = after.value;
  const wait = awaited(state, session.now.value);
  const { text, how } = said(session, viewer);
  return html`
    <div class="slate">
      <p class="slate-title">${slate(state) || (state.session?.title ?? '')}</p>
      ${wait
        ? html`<p class="countdown" data-until=${wait.until}>
            <span class="slate-text">${words.hall.until[wait.until]}</span>
            <span class="countdown-time" role="timer">${duration(wait.left)}</span>
          </p>`
        : html`<p class="slate-text">${text}</p>`}
      ${!wait && how && html`<p class="slate-how">${how}</p>`}
      ${next && html`<p class="slate-how">${say(words.hall.next, { time: timeOfDay(next.start), title: next.title })}</p>`}
    </div>
  `;
}

/**
 * Say why there is no picture, to a room.
 *
 * @param {LiveSession} session
 * @param {Viewer} viewer
 * @returns {{ text: string, how?: string }}
 */
function said(session, viewer) {
  const state = session.state.value;
  const { hall, stage } = words;
  const line = session.status.value;
  switch (state.session?.status) {
    case undefined:
      return line.phase === 'closed' ? { text: refusal(line) } : { text: '' };
    case 'ended':
    case 'replay':
      return { text: stage.ended, how: stage.endedHow };
    case 'planned':
    case 'doors':
      if (state.session.programme?.withdrawn) return { text: stage.withdrawn };
      return { text: stage.doors, how: hall.seats };
    case 'paused':
      return { text: stage.paused, how: hall.onAgain };
    default:
      if (slate(state) !== null) return { text: hall.moment };
      if (!state.stage.length) return { text: stage.empty };
      if (mediaOnStage(state) === false) return { text: hall.gone };
      return { text: viewer.status.value.phase === 'connected' ? stage.noPicture : stage.waiting };
  }
}
