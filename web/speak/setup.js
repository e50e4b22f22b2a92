/** Before the stage: choose and check the devices, then go. */

/** @import { Booth } from './booth.js' */

import { ConnectionLine } from '../shared/ui/parts.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { DeviceChoice, DeviceTrouble, Level, Preview } from './parts.js';

const { speak } = words;

/** @param {{ booth: Booth }} props */
export function Setup({ booth }) {
  const { session, devices } = booth;
  const state = session.state.value;
  const ready = devices.camera.track.value || devices.microphone.track.value;
  const allowed = state.can.includes('whip:camera');
  return html`
    <main class="setup">
      <header class="setup-head">
        <p class="quiet">${state.session?.title ?? ''}</p>
        <h1>${speak.setup}</h1>
        <p class="quiet">${speak.setupHow}</p>
      </header>
      <${Preview} track=${devices.camera.track.value} />
      <div class="setup-side">
        <${DeviceChoice} device=${devices.camera} />
        <${DeviceTrouble} device=${devices.camera} />
        <${DeviceChoice} device=${devices.microphone} />
        <${Level} track=${devices.microphone.track.value} hint />
        <${DeviceTrouble} device=${devices.microphone} />
        <div class="setup-go">
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
        </div>
      </div>
    </main>
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
    </main>
  `;
}
