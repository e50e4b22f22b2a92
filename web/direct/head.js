/** The desk's head: which session, how late it is, the steps of its life, and what time it is. */

/** @import { Status } from '../shared/protocol.js' */
/** @import { Desk } from './desk.js' */

import { lateness } from '../shared/late.js';
import { duration, timeOfDay } from '../shared/time.js';
import { Drop } from '../shared/ui/drop.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { useMedia } from '../shared/ui/media_query.js';
import { Confirm, ConnectionLine } from '../shared/ui/parts.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { MINUTE, Minutes } from './minutes.js';

const { direct } = words;

/** Where one line has no room for all of it: on a tablet some waits behind a button, on a phone all. As in style.css. */
const TABLET = matchMedia('(max-width: 68.75em)');
const NARROW = matchMedia('(max-width: 53.75em)');

/** @typedef {'session.doors' | 'session.start' | 'session.pause' | 'session.resume' | 'session.reopen'} LifeStep */
/** @typedef {'open' | 'start' | 'pause' | 'resume' | 'reopen'} LifeWord */

/** @type {Record<Status, ReadonlyArray<{ type: LifeStep, text: LifeWord, how: `${LifeWord}How`, main?: boolean }>>} */
const LIFE = {
  planned: [
    { type: 'session.doors', text: 'open', how: 'openHow' },
    { type: 'session.start', text: 'start', how: 'startHow', main: true },
  ],
  doors: [{ type: 'session.start', text: 'start', how: 'startHow', main: true }],
  live: [{ type: 'session.pause', text: 'pause', how: 'pauseHow' }],
  paused: [{ type: 'session.resume', text: 'resume', how: 'resumeHow', main: true }],
  ended: [{ type: 'session.reopen', text: 'reopen', how: 'reopenHow' }],
  replay: [{ type: 'session.reopen', text: 'reopen', how: 'reopenHow' }],
};

/** @param {{ desk: Desk, onKeys: () => void }} props */
export function Head({ desk, onKeys }) {
  const { session } = desk;
  const [tablet, narrow] = [useMedia(TABLET), useMedia(NARROW)];
  const [asking, setAsking] = useState(false);
  const [length, setLength] = useState(/** @type {number | null} */ (null));
  const { session: talk, can } = desk.state;
  const status = talk?.status ?? 'planned';
  const withdrawn = status === 'planned' && talk?.programme?.withdrawn;
  const since = status === 'live' ? talk?.started : talk?.paused;
  const steps = withdrawn ? [] : LIFE[status].filter((step) => can.includes(step.type));
  const end = () => {
    setAsking(false);
    void desk.give({ type: 'session.end' });
  };
  const more = html`
    <p class="clock quiet">${timeOfDay(session.now.value, { seconds: true })}</p>
    <button type="button" class="button slight" onClick=${onKeys}>${direct.keys} <kbd>?</kbd></button>
    <${LanguageChoice} />
    ${(status === 'live' || status === 'paused') && desk.may('session.pause') && html`<${Break} desk=${desk} length=${length} onLength=${setLength} />`}
  `;
  const first = html`
    <${Drift} desk=${desk} />
    ${status === 'paused' && html`<${Left} desk=${desk} />`}
  `;
  const life = html`
    ${steps.map(
      ({ type, text, how, main }) => html`<button
        key=${type}
        type="button"
        class=${main ? 'button primary' : 'button'}
        data-life=${text}
        title=${direct[how]}
        onClick=${() => desk.give(type === 'session.pause' ? { type, until: length && endOf(length, session.now.value) } : { type })}
      >
        ${direct[text]}
      </button>`,
    )}
    ${desk.may('session.end') && html`<button type="button" class="button" data-life="end" onClick=${() => setAsking(true)}>${direct.end}</button>`}
  `;
  return html`
    <header class="desk-head">
      <h1 dir="auto">${talk?.title ?? ''}</h1>
      <${ConnectionLine} session=${session} viewer=${desk.programme} />
      ${talk &&
      html`<p class="session-state" data-status=${status}>
        ${withdrawn ? words.stage.withdrawn : direct[status]} ${since ? duration(session.now.value - since) : ''}
      </p>`}
      ${!narrow && first}
      ${tablet ? html`<${Drop} icon="view" label=${narrow ? direct.session : direct.more}>${narrow && first}${more}${narrow && life}<//>` : more}
      ${!narrow && life}
      ${asking && html`<${Confirm} text=${direct.endAsk} yes=${direct.endYes} no=${direct.endNo} onYes=${end} onNo=${() => setAsking(false)} />`}
    </header>
  `;
}

/**
 * How long a break is to last: the one to come, or the one that is on. Without minutes, nobody is told.
 *
 * @param {{ desk: Desk, length: number | null, onLength: (minutes: number | null) => void }} props
 */
function Break({ desk, length, onLength }) {
  const { session: talk } = desk.state;
  const set = (/** @type {number | null} */ minutes) => {
    onLength(minutes);
    if (talk?.status === 'paused' && minutes !== null) {
      void desk.give({ type: 'session.pause', until: endOf(minutes, desk.session.now.value) });
    }
  };
  return html`
    <label class="allotted break-length">
      <span class="quiet">${direct.breakFor}</span>
      <${Minutes} value=${length} min="1" title=${direct.breakHow} label=${direct.breakMinutes} onSet=${set} />
    </label>
  `;
}

/** How long the break still lasts, or how long it should be over; nothing where nobody has said so. @param {{ desk: Desk }} props */
function Left({ desk }) {
  const { session: talk } = desk.state;
  if (!talk?.resumes) return null;
  const left = talk.resumes - desk.session.now.value;
  return html`<p class="break-left" data-over=${left < 0 ? '' : undefined}>
    ${say(left < 0 ? direct.breakOver : direct.breakLeft, { time: duration(Math.abs(left)) })}
  </p>`;
}

/** When a break of so many minutes that begins at a moment is over. @param {number} minutes @param {number} begins */
const endOf = (minutes, begins) => Math.round(begins + minutes * MINUTE);

/** How far from the timetable, and when it ends; nothing without a programme. @param {{ desk: Desk }} props */
function Drift({ desk }) {
  const { timetable, session: talk } = desk.state;
  if (!timetable || desk.over) return null;
  const how = lateness(timetable.late) || direct.onTime;
  const begun = talk?.status === 'live' || talk?.status === 'paused';
  const when = begun ? say(direct.endsAt, { time: timeOfDay(timetable.end) }) : say(direct.beginsAt, { time: timeOfDay(timetable.start) });
  return html`<p class="drift" data-late=${timetable.late > 0 || timetable.over ? '' : undefined}>
    <span>${when}</span> <span>${timetable.over ? direct.runsOver : how}</span>
  </p>`;
}
