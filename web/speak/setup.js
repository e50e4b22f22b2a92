/** The green room: picture and sound, one after the other, each with what to do; then backstage. */

/** @import { Booth } from './booth.js' */
/** @import { Step } from './readiness.js' */

import { Icon } from '../shared/ui/icons.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { ConnectionLine } from '../shared/ui/parts.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { DeviceChoice, DeviceTrouble, Level, Preview, useVoice } from './parts.js';
import { pictureStep, soundStep } from './readiness.js';

const { speak } = words;

const ICONS = /** @type {const} */ ({ ready: 'check', look: 'warn', wait: 'wait' });

/** @param {{ booth: Booth }} props */
export function Setup({ booth }) {
  const { session, devices } = booth;
  const state = session.state.value;
  const ready = devices.camera.track.value || devices.microphone.track.value;
  const allowed = state.can.includes('whip:camera');
  const voice = useVoice(devices.microphone.track.value);
  const picture = pictureStep({
    running: !!devices.camera.track.value,
    trouble: devices.camera.trouble.value,
    wanted: devices.camera.on.value,
  });
  const sound = soundStep({
    running: !!devices.microphone.track.value,
    trouble: devices.microphone.trouble.value,
    ...voice,
  });
  return html`
    <main class="setup">
      <header class="setup-head">
        <div>
          <p class="quiet">${state.session?.title ?? ''}</p>
          <h1>${speak.setup}</h1>
          <p class="quiet">${speak.setupHow}</p>
        </div>
        <${LanguageChoice} />
      </header>
      <${Preview} track=${devices.camera.track.value} />
      <ol class="steps" aria-label=${speak.steps.label}>
        <${StepOf} name=${speak.steps.picture} step=${picture}>
          <${DeviceChoice} device=${devices.camera} />
          <${DeviceTrouble} device=${devices.camera} />
          ${picture === 'ready' && html`<p class="quiet">${speak.steps.pictureHow}</p>`}
        <//>
        <${StepOf} name=${speak.steps.sound} step=${sound}>
          <${DeviceChoice} device=${devices.microphone} />
          <${Level} track=${devices.microphone.track.value} />
          <${DeviceTrouble} device=${devices.microphone} />
          <p class="quiet" role="status">
            ${voice.loud ? speak.loud : voice.heard ? speak.heard : voice.silent ? speak.silent : speak.steps.soundHow}
          </p>
        <//>
        <li class="setup-go">
          ${booth.superseded.value && html`<p class="note" data-said role="alert">${speak.superseded}</p>`}
          ${state.you && !allowed
            ? html`<p class="note" role="alert">${speak.notAllowed}</p>`
            : html`
                <button
                  type="button"
                  class="button primary large"
                  disabled=${!ready || !allowed}
                  onClick=${() => booth.enter()}
                >
                  ${speak.backstage}
                </button>
                <p class="quiet">${speak.backstageHow}</p>
              `}
          <${ConnectionLine} session=${session} />
        </li>
      </ol>
    </main>
  `;
}

/**
 * @param {{ name: string, step: Step, children?: import('../vendor/preact.js').ComponentChildren }} props
 */
const StepOf = ({ name, step, children }) => html`
  <li class="step" data-step=${step}>
    <h2 class="step-head">
      <${Icon} name=${ICONS[step]} />
      <span>${name}</span>
      <span class="step-state">${speak.steps[step]}</span>
    </h2>
    ${children}
  </li>
`;

/** After it all: why nothing is sent any more. @param {{ booth: Booth }} props */
export function Over({ booth }) {
  const status = booth.session.status.value;
  const text = status.phase === 'closed' ? refusal(status) : speak.ended;
  return html`
    <main class="slate alone">
      <h1>${booth.session.state.value.session?.title ?? ''}</h1>
      <p>${text}</p>
      ${status.phase === 'closed' && html`<p>${words.line.closedHow}</p>`}
      <${LanguageChoice} />
    </main>
  `;
}
