/** Backstage and on air: the tally, the time, what is asked; everything else quieter. */

/** @import { Booth } from './booth.js' */

import { gone, maySay, onScreen, questionsThat, returnFeed } from '../shared/selectors.js';
import { DeviceTrouble, Segments } from '../shared/ui/fields.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { Chat } from '../shared/ui/chat.js';
import { SignCall } from '../shared/ui/declaration.js';
import { DeviceChoice, Level, Preview } from '../shared/ui/devices.js';
import { Confirm, ConnectionLine, IconButton, PresenceCounts } from '../shared/ui/parts.js';
import { SlotView } from '../shared/ui/picture.js';
import { joined, refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { goingOut, tallyOf } from './tally.js';
import { Noted, TallyBar } from './tally_view.js';

const { speak } = words;

/** How long nothing may arrive of one before it is said. */
const UNHEARD_MS = 3000;

/** @param {{ booth: Booth }} props */
export function OnAir({ booth }) {
  const { session, devices } = booth;
  const state = session.state.value;
  const tally = tallyOf(state, state.you?.id ?? '');
  const silenced = tally.says === 'muted';
  return html`
    <main class="air" data-air=${booth.onAir.value ? 'on' : 'off'}>
      <${TallyBar} booth=${booth} tally=${tally} />
      <${Sending} booth=${booth} silenced=${silenced} />
      <${Asked} booth=${booth} />
      <aside class="side">
        <div class="thumbs">
          <figure>
            <${Preview} camera=${devices.camera} />
            <figcaption class="quiet">${speak.preview}</figcaption>
          </figure>
          <${Return} booth=${booth} />
        </div>
        <${Level} track=${devices.microphone.track.value} muted=${booth.muted.value || silenced} />
        ${silenced && html`<p class="note level-note" data-said>${speak.tallyHow.muted}</p>`}
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

/** What goes out, what keeps it from going out, and the way out of that: first on a phone, too. @param {{ booth: Booth, silenced: boolean }} props */
function Sending({ booth, silenced }) {
  const { devices, session } = booth;
  const { camera, microphone } = devices;
  const state = session.state.value;
  const status = booth.camera.status.value;
  const slides = booth.slidesTrack.value && booth.slides.status.value;
  const trouble = booth.slidesTrouble.value;
  const runs = (/** @type {typeof camera} */ device) => !!device.track.value && device.trouble.value !== 'muted_by_system';
  const sent = goingOut({
    picture: runs(camera),
    sound: !silenced && ((runs(microphone) && !booth.muted.value) || !!booth.slidesSound.value),
  });
  const connected = status.phase === 'connected';
  const unheard = useHeld(connected && sent !== 'nothing' && gone(state, state.you?.id ?? '') === true, UNHEARD_MS);
  const well = connected && !unheard && sent !== 'nothing';
  return html`
    <div class="sending">
      <p class="line" data-kind=${well ? 'none' : 'wait'} role="status">
        ${unheard
          ? speak.unheard
          : connected
            ? speak.goesOut[sent]
            : joined(speak.publishing[status.phase], status.phase === 'refused' && refusal(status))}
      </p>
      ${(unheard || status.phase === 'reconnecting' || status.phase === 'refused') &&
      html`<button type="button" class="button" data-action="again" onClick=${() => booth.sendAgain()}>${speak.sendAgain}</button>`}
      <${DeviceTrouble} device=${microphone} />
      <${DeviceTrouble} device=${camera} />
      ${booth.muted.value && html`<p class="note" data-said role="status">${speak.muted}</p>`}
      ${booth.woke.value && html`<p class="note" data-said role="status">${speak.awake}</p>`}
      ${slides &&
      html`<p class="line" data-kind=${slides.phase === 'connected' ? 'none' : 'wait'} role="status">
        ${slides.phase === 'connected' ? (booth.slidesSound.value ? speak.sharingSound : speak.sharing) : speak.publishing[slides.phase]}
      </p>`}
      ${trouble &&
      html`<p class="note" data-said=${trouble === 'cancelled' ? undefined : ''} role="alert">${speak.notShared[trouble]}</p>`}
      <details class="devices">
        <summary>${speak.devices}</summary>
        <${DeviceChoice} device=${microphone} />
        <${DeviceChoice} device=${camera} />
      </details>
      <${ConnectionLine} session=${session} goesOn=${connected} />
    </div>
  `;
}

/** Whether something has held for so long. @param {boolean} holds @param {number} ms */
function useHeld(holds, ms) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    setHeld(false);
    if (!holds) return undefined;
    const timer = setTimeout(() => setHeld(true), ms);
    return () => clearTimeout(timer);
  }, [holds, ms]);
  return holds && held;
}

/** @param {{ booth: Booth }} props */
function Controls({ booth }) {
  const [asking, setAsking] = useState(false);
  const { camera } = booth.devices;
  const state = booth.session.state.value;
  const { air } = tallyOf(state, state.you?.id ?? '');
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
      ${state.can.includes('whip:slides') &&
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
        onClick=${() => (air === 'off' ? leave() : setAsking(true))}
      />
      ${asking &&
      air !== 'off' &&
      html`<${Confirm}
        text=${speak.leaveAsk[air]}
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
