/** The green room: picture, sound, network, one after the other, each with what to do; then backstage. */

/** @import { Booth } from './booth.js' */
/** @import { Step } from './readiness.js' */

import { preflightOf } from '../shared/selectors.js';
import { DeviceChoice, DeviceTrouble, Level, Preview, useVoice } from '../shared/ui/devices.js';
import { Icon } from '../shared/ui/icons.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { ConnectionLine } from '../shared/ui/parts.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { networkStep, pictureStep, soundStep } from './readiness.js';

const { speak } = words;

const ICONS = /** @type {const} */ ({ ready: 'check', look: 'warn', wait: 'wait', running: 'wait' });

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
      <${Preview} camera=${devices.camera} />
      <ol class="steps" aria-label=${speak.steps.label}>
        <${StepOf} name=${speak.steps.picture} step=${picture}>
          <${DeviceChoice} device=${devices.camera} />
          <${DeviceTrouble} device=${devices.camera} />
          ${picture === 'ready' && html`<p class="quiet">${speak.steps.pictureHow}</p>`}
        <//>
        <${StepOf} name=${speak.steps.sound} step=${sound}>
          <${DeviceChoice} device=${devices.microphone} />
          ${!devices.microphone.trouble.value && html`<${Level} track=${devices.microphone.track.value} />`}
          <${DeviceTrouble} device=${devices.microphone} />
          <p class="quiet" role="status">
            ${devices.microphone.trouble.value ? '' : voice.loud ? speak.loud : voice.heard ? speak.heard : voice.silent ? speak.silent : speak.steps.soundHow}
          </p>
        <//>
        ${state.can.includes('preflight.start') && html`<${Network} booth=${booth} />`}
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
 * @param {{ name: string, step: Step | 'running', waits?: string,
 *   children?: import('../vendor/preact.js').ComponentChildren }} props `waits`: what is said of it until it is known
 */
const StepOf = ({ name, step, waits = speak.steps.wait, children }) => html`
  <li class="step" data-step=${step}>
    <h2 class="step-head">
      <${Icon} name=${ICONS[step]} />
      <span>${name}</span>
      <span class="step-state">${step === 'ready' || step === 'look' ? speak.steps[step] : waits}</span>
    </h2>
    ${children}
  </li>
`;

/** The line, as the relay measured it. @param {{ booth: Booth }} props */
function Network({ booth }) {
  const { session } = booth;
  const state = session.state.value;
  const [said, setSaid] = useState('');
  const preflight = preflightOf(state, state.you?.id ?? '');
  const step = networkStep(preflight, session.now.value);
  const running = step === 'running' || booth.measuring.value;
  const findings = (preflight?.grade && preflight.findings) || [];
  /** @type {Readonly<Record<string, string>>} */
  const told = speak.findings;
  const measure = async () => {
    setSaid('');
    const outcome = await booth.measure();
    if (!outcome.ok) setSaid(refusal(outcome));
  };
  return html`
    <${StepOf} name=${speak.steps.network} step=${running ? 'running' : step} waits=${running ? undefined : speak.steps.unmeasured}>
      ${findings.map(({ code, text }) => html`<p key=${code} class="note" data-said>${told[code] ?? text}</p>`)}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
      <p class="quiet" role="status">${running ? speak.measuring : preflight?.grade ? '' : speak.measureHow}</p>
      <button type="button" class="button" disabled=${running || !booth.devices.camera.track.value} onClick=${measure}>
        ${preflight?.grade ? speak.measureAgain : speak.measure}
      </button>
    <//>
  `;
}

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
