/** A speaker's time: how much they have, what is left of it, and what the desk does with it. */

/** @import { Person } from '../shared/protocol.js' */
/** @import { Desk } from './desk.js' */
/** @import { Row } from './run.js' */

import { clockOf, cueOf, timeLeft } from '../shared/selectors.js';
import { duration } from '../shared/time.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { MINUTE, Minutes } from './minutes.js';

const { direct } = words;

/** Time left at which it is short. */
const SHORT_MS = 60_000;

/**
 * How many minutes a speaker has, to be changed in place.
 *
 * @param {{ desk: Desk, row: Row }} props
 */
export function Allotted({ desk, row }) {
  const minutes = row.clock ? Math.round((row.clock.allotted / MINUTE) * 100) / 100 : null;
  const set = (/** @type {number | null} */ wanted) => {
    if (wanted !== null) void desk.give({ type: 'clock.set', speaker: row.id, allotted: Math.round(wanted * MINUTE) });
  };
  return html`
    <label class="allotted">
      <${Minutes} value=${minutes} min="0" label=${say(direct.minutesFor, { name: row.name })} onSet=${set} />
    </label>
  `;
}

/**
 * The clock of somebody on stage.
 *
 * @param {{ desk: Desk, person: Person }} props
 */
export function SpeakerClock({ desk, person }) {
  const { state, session } = desk;
  const speaker = cueOf(state, person.id)?.id ?? person.id;
  const clock = clockOf(state, person.id);
  const since = state.since[person.id] ?? cueOf(state, person.id)?.at;
  if (!clock) {
    return html`<p class="countdown" data-time="none">
      <span class="countdown-time">${since ? duration(session.now.value - since) : ''}</span>
      <span class="quiet">${direct.onAirFor}</span>
    </p>`;
  }
  const left = timeLeft(clock, session.now.value);
  const over = left < 0;
  return html`
    <div class="countdown-box">
      <p class="countdown" data-time=${over ? 'over' : left < SHORT_MS ? 'short' : 'left'} data-running=${clock.started ? '' : undefined}>
        <span class="countdown-time">${over ? '+' : ''}${duration(Math.abs(left))}</span>
        <span class="quiet">${over ? direct.over : clock.started ? direct.left : direct.stands}</span>
      </p>
      ${desk.may('clock.start') &&
      html`<div class="countdown-acts">
        <button
          type="button"
          class="button"
          data-clock=${clock.started ? 'pause' : 'start'}
          onClick=${() => desk.give({ type: clock.started ? 'clock.pause' : 'clock.start', speaker })}
        >
          ${clock.started ? direct.clockPause : direct.clockStart}
        </button>
        <button type="button" class="button" title=${direct.plusHow} onClick=${() => desk.give({ type: 'clock.add', speaker, added: MINUTE })}>
          ${direct.plus}
        </button>
        <button type="button" class="button" title=${direct.bellHow} onClick=${() => desk.give({ type: 'clock.bell', speaker })}>
          ${direct.bell}
        </button>
      </div>`}
    </div>
  `;
}
