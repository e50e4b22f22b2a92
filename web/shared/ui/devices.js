/** What one sees of the own devices: the choice, the level, the picture. What is wrong with one: trouble.js. */

/** @import { Device } from '../media/devices.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { measure } from '../media/level.js';
import { words } from '../words.js';
import { Icon } from './icons.js';

const { speak } = words;

/** Above this level is a voice; so many readings of it, 50 ms apart, are somebody who speaks. */
const VOICE = 0.35;
const SPOKEN = 6;

/** After this long without a voice, in ms, it is said. */
const SILENT_MS = 6000;

/** Above this it is too loud; for how long that is said after the last time. */
const LOUD = 0.985;
const LOUD_MS = 2000;

/** Which one; nothing where the trouble says why there is none to choose. @param {{ device: Device }} props */
export function DeviceChoice({ device }) {
  const choices = device.choices.value;
  const trouble = device.trouble.value;
  if (trouble === 'denied' || (trouble && !choices.length)) return null;
  return html`
    <label class="choice">
      <span class="quiet">${speak[device.kind]}</span>
      <select
        value=${device.chosen}
        disabled=${!choices.length}
        onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => device.choose(e.currentTarget.value)}
      >
        ${choices.map((info) => html`<option value=${info.deviceId}>${info.label || info.deviceId}</option>`)}
      </select>
    </label>
  `;
}

/**
 * Listen whether a voice comes: heard at all, silent for long, too loud just now.
 *
 * @param {MediaStreamTrack | null} track
 */
export function useVoice(track) {
  const [voice, setVoice] = useState({ heard: false, silent: false, loud: false });
  useEffect(() => {
    setVoice({ heard: false, silent: false, loud: false });
    if (!track) return undefined;
    const began = performance.now();
    let [spoken, loudAt] = [0, -Infinity];
    return measure(track, (level) => {
      const now = performance.now();
      if (level > VOICE) spoken++;
      if (level > LOUD) loudAt = now;
      const heard = spoken >= SPOKEN;
      const next = { heard, silent: !heard && now - began > SILENT_MS, loud: now - loudAt < LOUD_MS };
      setVoice((was) => (was.heard === next.heard && was.silent === next.silent && was.loud === next.loud ? was : next));
    });
  }, [track]);
  return voice;
}

/**
 * The level, as a bar.
 *
 * @param {{ track: MediaStreamTrack | null, muted?: boolean, label?: string }} props
 */
export function Level({ track, muted = false, label = speak.level }) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!track) return undefined;
    return measure(track, (level) => {
      bar.current?.style.setProperty('--level', level.toFixed(3));
      bar.current?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
    });
  }, [track]);
  return html`
    <div
      class="level"
      ref=${bar}
      role="meter"
      aria-label=${label}
      aria-valuenow="0"
      aria-valuemin="0"
      aria-valuemax="100"
      data-muted=${muted || !track ? '' : undefined}
    ></div>
  `;
}

/**
 * The own picture, mirrored as people know themselves. What is wrong with the camera is said beside it, not in it.
 *
 * @param {{ camera: Device }} props
 */
export function Preview({ camera }) {
  const track = camera.track.value;
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
      ${!track && html`<p class="no-picture">${camera.trouble.value ? html`<${Icon} name="cameraOff" />` : speak.previewOff}</p>`}
    </div>
  `;
}
