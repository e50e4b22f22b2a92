/** Backstage and on air: the tally, the time, what is asked; everything else quieter. */

/** @import { Booth } from './booth.js' */

import { clockOf, cueOf, maySay, noteToYou, onScreen, questionsThat, returnFeed, timeLeft } from '../shared/selectors.js';
import { Segments } from '../shared/ui/fields.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { duration, timeOfDay } from '../shared/time.js';
import { Chat } from '../shared/ui/chat.js';
import { SignCall } from '../shared/ui/declaration.js';
import { DeviceTrouble, Level, Preview } from '../shared/ui/devices.js';
import { Note } from '../shared/ui/noted.js';
import { Confirm, ConnectionLine, IconButton, PresenceCounts } from '../shared/ui/parts.js';
import { SlotView } from '../shared/ui/picture.js';
import { joined, refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';

const { speak } = words;

/** From here on the time that is left is short. */
const SHORT_MS = 60_000;

/** How long the chair's bell is to be seen. */
const BELL_MS = 12_000;


/** @param {{ booth: Booth }} props */
export function OnAir({ booth }) {
  const { session, devices } = booth;
  return html`
    <main class="air" data-air=${booth.onAir.value ? 'on' : 'off'}>
      <${Tally} booth=${booth} />
      <${Asked} booth=${booth} />
      <aside class="side">
        <div class="thumbs">
          <figure>
            <${Preview} camera=${devices.camera} />
            <figcaption class="quiet">${speak.preview}</figcaption>
          </figure>
          <${Return} booth=${booth} />
        </div>
        <${Level} track=${devices.microphone.track.value} muted=${booth.muted.value} />
        <${Sending} booth=${booth} />
        <${Talk} session=${session} />
      </aside>
      <${Controls} booth=${booth} />
    </main>
  `;
}

/** What is sent back: the hall, the programme or those backstage, as the desk has it. @param {{ booth: Booth }} props */
function Return({ booth }) {
  const { caption, none } = speak.returns[returnFeed(booth.session.state.value)];
  return html`
    <figure data-return=${returnFeed(booth.session.state.value)}>
      <${SlotView} viewer=${booth.hall} name="main" label=${caption}>
        ${booth.hall.shown.main.value === 'none' && html`<p class="no-picture">${none}</p>`}
      <//>
      <figcaption class="quiet">${caption}</figcaption>
    </figure>
  `;
}

/**
 * What is written: by the desk and those backstage, and by the audience.
 *
 * @param {{ session: Booth['session'] }} props
 */
function Talk({ session }) {
  const state = session.state.value;
  const both = maySay(state, 'backstage');
  const [channel, setChannel] = useState(/** @type {'backstage' | 'public'} */ ('backstage'));
  const shown = both ? channel : 'public';
  return html`
    <div class="side-chat">
      <header class="side-head">
        ${both
          ? html`<${Segments}
              name="channel"
              label=${words.chat.tab}
              value=${shown}
              keys=${/** @type {const} */ (['backstage', 'public'])}
              choices=${{ backstage: words.chat.backstage, public: words.chat.public }}
              onChange=${setChannel}
            />`
          : html`<h2>${words.chat.tab}</h2>`}
        <${PresenceCounts} session=${session} />
      </header>
      <${Chat} key=${shown} session=${session} channel=${shown} />
    </div>
  `;
}

/** Am I on air, how long yet, and what does the desk want. @param {{ booth: Booth }} props */
function Tally({ booth }) {
  const { session } = booth;
  const state = session.state.value;
  const now = session.now.value;
  const id = state.you?.id ?? '';
  const cue = cueOf(state, id);
  const air = booth.onAir.value ? 'on' : cue?.state === 'standby' ? 'standby' : 'off';
  const texts = {
    on: [speak.onAir, ''],
    standby: [speak.standby, cue?.acknowledged ? speak.readySaid : speak.standbyHow],
    off: cue?.state === 'cleared' ? [speak.offAir, speak.done] : [speak.offAir, speak.offAirHow],
  };
  const [text, how] = texts[air];
  return html`
    <header class="tally" data-air=${air}>
      <div class="tally-word" role="status" aria-live="assertive">
        <p class="tally-state">${text}</p>
        ${how && html`<p class="tally-how">${how}</p>`}
      </div>
      ${air === 'standby' &&
      !cue?.acknowledged &&
      html`<button type="button" class="button primary tally-ready" onClick=${() => booth.acknowledge()}>${speak.ready}</button>`}
      <${Clocks} booth=${booth} now=${now} />
    </header>
  `;
}

/** One's own time: what is left of it where the desk has given some, else how long. @param {{ booth: Booth, now: number }} props */
function Clocks({ booth, now }) {
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
      ${left !== null
        ? html`<p class="clock-run" data-time=${left < 0 ? 'over' : left < SHORT_MS ? 'short' : 'left'}>
            <span class="clock-label">${left < 0 ? speak.over : speak.left}</span>
            <span class="clock-time">${left < 0 ? '+' : ''}${duration(Math.abs(left))}</span>
          </p>`
        : started &&
          html`<p class="clock-run">
            <span class="clock-label">${mine ? speak.onAirFor : speak.sessionFor}</span>
            <span class="clock-time">${duration(now - started)}</span>
          </p>`}
      <p class="clock-day">${timeOfDay(now, { seconds: true })}</p>
    </div>
  `;
}

/** What is asked: the question on the screen, then those that wait. @param {{ booth: Booth }} props */
function Asked({ booth }) {
  const state = booth.session.state.value;
  const current = onScreen(state);
  const next = [...questionsThat(state, 'shortlisted'), ...questionsThat(state, 'approved')];
  return html`
    <div class="asked-now">
      <${Noted} booth=${booth} />
      <${SignCall} session=${booth.session} />
      <section aria-live="polite">
      ${current
        ? html`
            <h2 class="list-head">${speak.question}</h2>
            <p class="question-large" key=${current.id} data-long=${current.text.length > 220 ? '' : undefined}>
              ${current.text}
            </p>
            <p class="question-by">
              ${current.author.name || words.ask.anonymous}${current.author.affiliation ? `, ${current.author.affiliation}` : ''}
            </p>
          `
        : html`
            <p class="question-none">${speak.noQuestion}</p>
            <p class="quiet">${speak.noQuestionHow}</p>
          `}
      ${next.length > 0 &&
      html`
        <h2 class="list-head next-head">${speak.next}</h2>
        <ol class="next-list">
          ${next.map(
            (q) => html`<li key=${q.id}><p class="next-text">${q.text}</p><p class="quiet">${q.author.name || words.ask.anonymous}</p></li>`,
          )}
        </ol>
      `}
      </section>
    </div>
  `;
}

/** A note from the desk to this speaker alone, until they have said that they have seen it. @param {{ booth: Booth }} props */
function Noted({ booth }) {
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

/** What goes out, and what keeps it from going out. @param {{ booth: Booth }} props */
function Sending({ booth }) {
  const status = booth.camera.status.value;
  const slides = booth.slidesTrack.value && booth.slides.status.value;
  const trouble = booth.slidesTrouble.value;
  const { troubles } = words;
  return html`
    <div class="sending">
      <p class="line" data-kind=${status.phase === 'connected' ? 'none' : 'wait'} role="status">
        ${joined(speak.publishing[status.phase], status.phase === 'refused' && refusal(status))}
      </p>
      ${slides &&
      html`<p class="line" data-kind=${slides.phase === 'connected' ? 'none' : 'wait'} role="status">
        ${slides.phase === 'connected' ? (booth.slidesSound.value ? speak.sharingSound : speak.sharing) : speak.publishing[slides.phase]}
      </p>`}
      ${trouble &&
      html`<p class="note" data-said role="alert">${trouble === 'denied' ? troubles.slides.denied : troubles.slides.unable}</p>`}
      ${booth.woke.value && html`<p class="note" data-said role="status">${speak.awake}</p>`}
      ${booth.muted.value && html`<p class="note" data-said role="status">${speak.muted}</p>`}
      <${DeviceTrouble} device=${booth.devices.camera} />
      <${DeviceTrouble} device=${booth.devices.microphone} />
      <${ConnectionLine} session=${booth.session} goesOn=${status.phase === 'connected'} />
    </div>
  `;
}

/** @param {{ booth: Booth }} props */
function Controls({ booth }) {
  const [asking, setAsking] = useState(false);
  const { camera } = booth.devices;
  const { can } = booth.session.state.value;
  const muted = booth.muted.value;
  const sharing = !!booth.slidesTrack.value;
  const leave = () => {
    setAsking(false);
    booth.leave();
  };
  return html`
    <nav class="controls">
      <${IconButton}
        icon=${muted ? 'microphoneOff' : 'microphone'}
        label=${muted ? speak.micOn : speak.micOff}
        kind=${muted ? 'off' : ''}
        onClick=${() => (booth.muted.value = !muted)}
      />
      <${IconButton}
        icon=${camera.on.value ? 'camera' : 'cameraOff'}
        label=${camera.on.value ? speak.cameraOff : speak.cameraOn}
        kind=${camera.on.value ? '' : 'off'}
        onClick=${() => (camera.on.value ? camera.close() : camera.reopen())}
      />
      ${can.includes('whip:slides') &&
      html`<${IconButton}
        icon="slides"
        label=${sharing ? speak.unshare : speak.share}
        onClick=${() => (sharing ? booth.unshare() : booth.share())}
      />`}
      <${HallSound} booth=${booth} />
      <span class="controls-gap"></span>
      <${LanguageChoice} />
      <${IconButton}
        icon="leave"
        label=${speak.leave}
        onClick=${() => (booth.onAir.value ? setAsking(true) : leave())}
      />
      ${asking &&
      html`<${Confirm}
        text=${speak.leaveAsk}
        yes=${speak.leave}
        no=${speak.stay}
        onYes=${leave}
        onNo=${() => setAsking(false)}
      />`}
    </nav>
  `;
}

/** @param {{ booth: Booth }} props */
function HallSound({ booth }) {
  const { hall } = booth;
  const silent = hall.muted.value || hall.soundBlocked.value;
  const toggle = () => {
    if (silent) hall.playSound();
    hall.muted.value = !silent;
  };
  return html`<${IconButton}
    icon=${silent ? 'soundOff' : 'sound'}
    label=${silent ? speak.hallSound : speak.hallSoundOff}
    onClick=${toggle}
  />`;
}
