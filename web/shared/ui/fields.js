/** Choices that are all in sight, and switches, each of which takes effect at once; and what a device needs before it does. */

/** @import { Device } from '../media/devices.js' */

import { html } from '../../vendor/htm-preact.js';
import { browserOf } from '../media/devices.js';
import { joined, words } from '../words.js';

/**
 * A few choices that exclude each other.
 *
 * @template {string} K
 * @param {{ name: string, label: string, value: string, keys: readonly K[], choices: Readonly<Record<K, string>>,
 *   onChange: (key: K) => void }} props `name`: unique in the page; `choices`: words by key
 */
export const Segments = ({ name, label, value, keys, choices, onChange }) => html`
  <fieldset class="segments">
    <legend class="quiet">${label}</legend>
    ${keys.map(
      (key) => html`
        <label class="segment" key=${key}>
          <input type="radio" name=${name} value=${key} checked=${key === value} onChange=${() => onChange(key)} />
          <span>${choices[key]}</span>
        </label>
      `,
    )}
  </fieldset>
`;

/** @param {{ label: string, how?: string, on: boolean, onChange: (on: boolean) => void }} props */
export const Switch = ({ label, how, on, onChange }) => html`
  <label class="switch">
    <input
      type="checkbox"
      role="switch"
      checked=${on}
      onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => onChange(e.currentTarget.checked)}
    />
    <span>${label}${how && html`<span class="switch-how">${how}</span>`}</span>
  </label>
`;

/**
 * What is wrong with a device, and the way out.
 *
 * @param {{ device: Device, onRetry?: () => unknown }} props `onRetry`: what trying again is, by default to open it
 */
export function DeviceTrouble({ device, onRetry = () => device.open() }) {
  const trouble = device.trouble.value;
  if (!trouble) return null;
  const { allow, retry } = words.troubles;
  return html`
    <div class="trouble" role="alert">
      <p>${joined(words.troubles[device.kind][trouble], trouble === 'denied' && allow[browserOf(navigator.userAgent)])}</p>
      ${(trouble === 'denied' || trouble === 'in_use') &&
      html`<button type="button" class="button" onClick=${onRetry}>${retry}</button>`}
    </div>
  `;
}
