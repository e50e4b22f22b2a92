/**
 * What is said when a session is over: where it can be seen again, and what comes next in its event. Owns the
 * asking for the programme, once; without an answer there is the way to it.
 */

/** @import { Session } from '../protocol.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useState } from '../../vendor/preact-hooks.js';
import { beginning } from '../time.js';
import { say, words } from '../words.js';

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

/**
 * @typedef {object} Listed an item of `GET /api/events/{event}/programme`, as far as it is needed here
 * @property {string} id
 * @property {string} title
 * @property {number} start
 * @property {number} end
 * @property {string} [room]
 * @property {boolean} [withdrawn]
 * @property {string | null} [status]
 * @property {{ start: number, end: number } | null} [expected]
 */

const OVER = new Set(['ended', 'replay']);

/** @typedef {{ title: string, start: number, room: string }} Next */

/**
 * Return what begins next after a session, in its own room where two begin together; null at the end of the day.
 *
 * @param {{ time: number, rooms?: ReadonlyArray<{ id: string, name: string }>, items: readonly Listed[] }} programme
 * @param {string} session
 * @param {boolean} [here] only what is in its own room, begun already or not: for a screen that stays there
 * @returns {Next | null}
 */
export function comesNext({ time, rooms = [], items }, session, here = false) {
  const over = items.find(({ id }) => id === session);
  if (here && !over) return null;
  const begins = (/** @type {Listed} */ item) => item.expected?.start ?? item.start;
  const away = (/** @type {Listed} */ item) => (item.room === over?.room ? 0 : 1);
  const running = (/** @type {Listed} */ item) => item.status === 'live' || item.status === 'paused';
  const [next] = items
    .filter((item) => item.id !== session && !item.withdrawn && !OVER.has(String(item.status)) && !(here && away(item)))
    .filter((item) =>
      running(item)
        ? here && over && item.start >= over.start
        : begins(item) > time || (item.status && (item.expected?.end ?? item.end) > time),
    )
    .sort((a, b) => begins(a) - begins(b) || away(a) - away(b));
  if (!next) return null;
  return { title: next.title, start: begins(next), room: rooms.find(({ id }) => id === next.room)?.name ?? next.room ?? '' };
}
