/** Minutes: how long one is, and a field for some that are changed in place, on a page that draws itself anew each second. */

import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';

/** In milliseconds. */
export const MINUTE = 60_000;

/** Most minutes that can be given (protocol: twelve hours). */
const MOST = 720;

/**
 * They count once the field is left; until then what is being written is kept, whatever is drawn meanwhile.
 *
 * @param {{ value: number | null, min: string, label: string, title?: string, onSet: (minutes: number | null) => void }} props
 *   `min`: the least that is taken; `onSet` hears null where the field was emptied, and nothing of what is out of bounds
 */
export function Minutes({ value, min, label, title, onSet }) {
  const [draft, setDraft] = useState(/** @type {string | null} */ (null));
  const set = (/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => {
    setDraft(null);
    if (currentTarget.checkValidity()) onSet(currentTarget.value === '' ? null : Number(currentTarget.value));
  };
  return html`
    <input
      type="number"
      class="field"
      min=${min}
      max=${MOST}
      step="any"
      title=${title}
      aria-label=${label}
      value=${draft ?? value ?? ''}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setDraft(e.currentTarget.value)}
      onChange=${set}
      onBlur=${() => setDraft(null)}
    />
    <span class="quiet" aria-hidden="true">${words.direct.minutes}</span>
  `;
}
