/** The green room: picture, sound, network, one after the other, each with what to do; then backstage. */

/** @import { Booth } from './booth.js' */
/** @import { Step } from './readiness.js' */

import { preflightOf } from '../shared/selectors.js';
import { Afterwards } from '../shared/ui/afterwards.js';
import { DeviceChoice, Level, Preview, useVoice } from '../shared/ui/devices.js';
import { DeviceTrouble } from '../shared/ui/fields.js';
import { Icon } from '../shared/ui/icons.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { ConnectionLine } from '../shared/ui/parts.js';
import { Nowhere } from '../shared/ui/page.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { networkStep, nextStep, pictureStep, soundStep } from './readiness.js';
import { wanted } from './tally.js';
import { Noted, TallyBar } from './tally_view.js';

const { speak } = words;

const ICONS = /** @type {const} */ ({ ready: 'check', look: 'warn', wait: 'wait', running: 'wait' });

/** @param {{ booth: Booth }} props */
export function Setup({ booth }) {
  const { session, devices } = booth;
  const state = session.state.value;
  const ready = devices.camera.track.value || devices.microphone.track.value;
  const allowed = state.can.includes('whip:camera');
  const measurable = state.can.includes('preflight.start');
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
  const preflight = preflightOf(state, state.you?.id ?? '');
  const measured = networkStep(preflight, session.now.value);
  const network = booth.measuring.value ? 'running' : measured;
  const tally = booth.superseded.value ? null : wanted(state, state.you?.id ?? '');
  const next = tally ? 'go' : nextStep({ sound, network: measurable ? network : 'ready' });
  if (state.you && !allowed) return html`<${Nowhere} why=${speak.title} how=${speak.notAllowed} />`;
  const go =
    tally?.says === 'absent' ? speak.return : measurable && network === 'wait' && !tally ? speak.backstageNow : speak.backstage;
  return html`
    <main class="setup">
      ${tally && html`<${TallyBar} booth=${booth} tally=${tally} />`}
      <${Noted} booth=${booth} />
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
        ${measurable && html`<${Network} booth=${booth} step=${network} primary=${next === 'measure'} />`}
        <li class="setup-go">
          ${booth.superseded.value && html`<p class="note" data-said role="alert">${speak.superseded}</p>`}
          <button
            type="button"
            class="button large ${next === 'go' ? 'primary' : ''}"
            disabled=${!ready || !allowed}
            onClick=${() => booth.enter()}
          >
            ${go}
          </button>
          <p class="quiet">${speak.backstageHow}</p>
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

/** The line, as the relay measured it. @param {{ booth: Booth, step: Step | 'running', primary: boolean }} props */
function Network({ booth, step, primary }) {
  const { session } = booth;
  const state = session.state.value;
  const [said, setSaid] = useState('');
  const preflight = preflightOf(state, state.you?.id ?? '');
  const running = step === 'running';
  const { camera, microphone } = booth.devices;
  const findings = (preflight?.grade && preflight.findings) || [];
  /** @type {Readonly<Record<string, string>>} */
  const told = speak.findings;
  const measure = async () => {
    setSaid('');
    const outcome = await booth.measure();
    if (!outcome.ok) setSaid(refusal(outcome));
  };
  return html`
    <${StepOf} name=${speak.steps.network} step=${step} waits=${running ? undefined : speak.steps.unmeasured}>
      ${findings.map(({ code, text }) => html`<p key=${code} class="note" data-said>${told[code] ?? text}</p>`)}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
      <p class="quiet" role="status">${running ? speak.measuring : preflight?.grade ? '' : speak.measureHow}</p>
      <button
        type="button"
        class="button ${primary ? 'primary' : ''}"
        disabled=${running || !(camera.track.value || microphone.track.value)}
        onClick=${measure}
      >
        ${preflight?.grade ? speak.measureAgain : speak.measure}
      </button>
    <//>
  `;
}

/** After it all: where it can be seen again and what comes next, or why this page is let in nowhere. @param {{ booth: Booth }} props */
export function Over({ booth }) {
  const status = booth.session.status.value;
  const { session: talk } = booth.session.state.value;
  if (status.phase === 'closed') return html`<${Nowhere} why=${refusal(status)} how=${words.line.closedHow} />`;
  return html`
    <main class="slate alone">
      <h1>${talk?.title ?? ''}</h1>
      <p>${speak.ended}</p>
      ${talk && html`<${Afterwards} talk=${talk} />`}
      <${LanguageChoice} />
    </main>
  `;
}
