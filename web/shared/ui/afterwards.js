/**
 * What is said when a session is over: where it can be seen again, and what comes next in its event. Owns the
 * asking for the programme, once; without an answer there is the way to it.
 */

/** @import { Session } from '../protocol.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useState } from '../../vendor/preact-hooks.js';
import { beginning } from '../time.js';
import { say, words } from '../words.js';
import { comesNext } from './comes_next.js';

/** @param {{ talk: Session }} props */
export function Afterwards({ talk }) {
  const { stage } = words;
  const event = talk.programme?.event;
  const [next, setNext] = useState(/** @type {ReturnType<typeof comesNext>} */ (null));
  useEffect(() => {
    if (!event) return;
    fetch(`/api/events/${encodeURIComponent(event)}/programme`)
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((programme) => programme && setNext(comesNext(programme, talk.id)))
      // Unreachable, or not public: the button leads there.
      .catch(() => undefined);
  }, [event, talk.id]);
  return html`
    ${talk.recording
      ? html`<p><a class="button primary" href=${talk.recording}>${stage.replay}</a></p>`
      : html`<p class="slate-how">${stage.endedReplay}</p>`}
    ${next &&
    html`<p class="slate-next">
      <span class="quiet">${say(next.room ? stage.nextIn : stage.nextAt, { time: beginning(next.start), room: next.room })}</span>
      ${' '}${next.title}
    </p>`}
    ${event && html`<p><a class="button" href="/?event=${event}">${stage.endedNext}</a></p>`}
  `;
}
