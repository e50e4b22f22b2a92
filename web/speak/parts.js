/** What a speaker sees of the own devices: the choice, the trouble, the level, the picture. */

/** @import { Device } from '../shared/media/devices.js' */

import { measure } from '../shared/media/level.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useRef, useState } from '../vendor/preact-hooks.js';

const { speak } = words;

/** Below this level nothing worth sending is heard; after this long, in ms, it is said. */
const HEARD = 0.15;
const SILENT_MS = 5000;

/** @param {{ device: Device }} props */
export const DeviceChoice = ({ device }) => html`
  <label class="choice">
    <span class="quiet">${speak[device.kind]}</span>
    <select
      value=${device.chosen}
      disabled=${!device.choices.value.length}
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => device.choose(e.currentTarget.value)}
    >
      ${device.choices.value.map((info) => html`<option value=${info.deviceId}>${info.label || info.deviceId}</option>`)}
    </select>
  </label>
`;

/** @param {{ device: Device }} props */
export function DeviceTrouble({ device }) {
  const trouble = device.trouble.value;
  if (!trouble) return null;
  return html`
    <div class="trouble" role="alert">
      <p>${speak.troubles[device.kind][trouble]}</p>
      ${(trouble === 'denied' || trouble === 'in_use') &&
      html`<button type="button" class="button" onClick=${() => device.open()}>${speak.retry}</button>`}
    </div>
  `;
}

/**
 * The level, as a bar; with `hint`, a silent microphone is said in words.
 *
 * @param {{ track: MediaStreamTrack | null, muted?: boolean, hint?: boolean }} props
 */
export function Level({ track, muted = false, hint = false }) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  const [silent, setSilent] = useState(false);
  useEffect(() => {
    if (!track) return undefined;
    let heardAt = performance.now();
    return measure(track, (level) => {
      const now = performance.now();
      if (level > HEARD) heardAt = now;
      setSilent(now - heardAt > SILENT_MS);
      bar.current?.style.setProperty('--level', level.toFixed(3));
      bar.current?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
    });
  }, [track]);
  return html`
    <div class="level-box">
      <div
        class="level"
        ref=${bar}
        role="meter"
        aria-label=${speak.level}
        aria-valuenow="0"
        aria-valuemin="0"
        aria-valuemax="100"
        data-muted=${muted || !track ? '' : undefined}
      ></div>
      ${hint && silent && !muted && track && html`<p class="note" role="status">${speak.silent}</p>`}
    </div>
  `;
}

/**
 * The own picture, mirrored as people know themselves.
 *
 * @param {{ track: MediaStreamTrack | null }} props
 */
export function Preview({ track }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    const at = video.current;
    if (!at) return;
    at.srcObject = track && new MediaStream([track]);
    at.muted = true;
    if (track) at.play().catch(() => undefined);
  }, [track]);
  return html`
    <div class="slot preview" data-shown=${track ? 'live' : 'none'}>
      <video ref=${video} aria-label=${speak.preview} autoplay playsinline muted></video>
      ${!track && html`<p class="no-picture">${speak.previewOff}</p>`}
    </div>
  `;
}
