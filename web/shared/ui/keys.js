/** Keys that act without a modifier: whether they do, what is a field, and the switch for it. */

import { html } from '../../vendor/htm-preact.js';
import { signal } from '../../vendor/signals.js';
import { words } from '../words.js';
import { Switch } from './fields.js';

const KEPT = 'rostrum.keys';

/** Whether single keys act; who dictates, or rests a hand on the keyboard, turns them off (WCAG 2.1.4). */
export const keysAct = signal(globalThis.localStorage?.getItem(KEPT) !== 'off');
keysAct.subscribe((on) => globalThis.localStorage?.setItem(KEPT, on ? 'on' : 'off'));

/** Whether keys typed there are text. @param {EventTarget | null} target */
export const isField = (target) =>
  target instanceof HTMLElement &&
  (target.matches('input:not([type=checkbox], [type=radio], [type=range]), textarea, select') || target.closest('dialog') !== null);

export const KeysSwitch = () => html`
  <${Switch}
    label=${words.moderate.keysOn}
    how=${words.moderate.keysOnHow}
    on=${keysAct.value}
    onChange=${(/** @type {boolean} */ on) => (keysAct.value = on)}
  />
`;
