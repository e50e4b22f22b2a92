/** The tally, as large as it is grave, with what is asked now and the time; and what the desk writes to one alone. */

/** @import { Booth } from './booth.js' */
/** @import { Says, Tally } from './tally.js' */

import { clockOf, noteToYou, timeLeft } from '../shared/selectors.js';
import { duration, timeOfDay } from '../shared/time.js';
import { Note } from '../shared/ui/noted.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';

const { speak } = words;

/** From here on the time that is left is short. */
const SHORT_MS = 60_000;

/** How long the chair's bell is to be seen. */
const BELL_MS = 12_000;

/** What stands large. @param {Says} says */
function stateOf(says) {
  switch (says) {
    case 'onAir':
    case 'muted':
      return speak.onAir;
    case 'standby':
    case 'ready':
    case 'called':
      return speak.standby;
    case 'done':
    case 'backstage':
      return speak.offAir;
    default:
      return speak.onStage[says];
  }
}

/** Am I on air, how long yet, and what does the desk want. @param {{ booth: Booth, tally: Tally }} props */
export function TallyBar({ booth, tally: { air, says, until } }) {
  const how = says === 'onAir' ? '' : speak.tallyHow[says];
  const refused = booth.refused.value;
  return html`
    <header class="tally" data-air=${air} data-says=${says}>
      <div class="tally-word" role="status" aria-live="assertive">
        <p class="tally-state">${stateOf(says)}</p>
        ${how && html`<p class="tally-how">${how}</p>`}
        ${refused && html`<p class="tally-how">${refusal(refused)}</p>`}
      </div>
      ${says === 'standby' &&
      html`<button type="button" class="button primary tally-ready" onClick=${() => booth.acknowledge()}>${speak.ready}</button>`}
      <${Clocks} booth=${booth} now=${booth.session.now.value} until=${until} />
    </header>
  `;
}

/**
 * One's own time: what is left of it where the desk has given some, else how long; and how long a break is yet.
 *
 * @param {{ booth: Booth, now: number, until: number | null }} props
 */
function Clocks({ booth, now, until }) {
  const state = booth.session.state.value;
  const id = state.you?.id ?? '';
  const clock = clockOf(state, id);
  const onAir = booth.onAir.value;
  const mine = onAir ? state.since[id] : undefined;
  const started = mine ?? state.session?.started;
  const left = clock ? timeLeft(clock, now) : null;
  const rung = clock?.bell && now - clock.bell < BELL_MS;
  return html`
    <div class="clock">
      ${rung && html`<p class="bell" role="alert">${speak.bell}</p>`}
      ${until !== null &&
      until > now &&
      html`<p class="clock-run">
        <span class="clock-label">${speak.goesOnIn}</span>
        <span class="clock-time" role="timer">${duration(until - now)}</span>
      </p>`}
      ${left !== null
        ? html`<p class="clock-run" data-time=${left < 0 ? 'over' : left < SHORT_MS ? 'short' : 'left'}>
            <span class="clock-label">${left < 0 ? speak.over : speak.left}</span>
            <span class="clock-time">${left < 0 ? '+' : ''}${duration(Math.abs(left))}</span>
          </p>`
        : started &&
          until === null &&
          html`<p class="clock-run">
            <span class="clock-label">${mine ? speak.onAirFor : speak.sessionFor}</span>
            <span class="clock-time">${duration(now - started)}</span>
          </p>`}
      <p class="clock-day">${timeOfDay(now, { seconds: true })}</p>
    </div>
  `;
}

/** A note from the desk to this speaker alone, until they have said that they have seen it. @param {{ booth: Booth }} props */
export function Noted({ booth }) {
  const { session } = booth;
  const note = noteToYou(session.state.value);
  const [answered, answer] = useState('');
  const seen = async () => {
    if (!note) return;
    const outcome = await session.command({ type: 'chat.post', channel: 'backstage', text: speak.noteSeen, reply_to: note.id });
    // Who is muted has read it all the same.
    if (!outcome.ok) answer(note.id);
  };
  return html`<${Note} note=${note?.id === answered ? null : note} from=${speak.noteFrom} onSeen=${seen} />`;
}
