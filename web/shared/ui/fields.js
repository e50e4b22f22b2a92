/** Choices that are all in sight, and switches. Each takes effect at once. */

import { html } from '../../vendor/htm-preact.js';

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
