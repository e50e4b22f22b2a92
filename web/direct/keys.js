/** The desk's keys. A key that cuts must be struck twice; all others do at once what can be taken back at once. */

/** @import { Cut, Desk } from './desk.js' */

import { clockOf } from '../shared/selectors.js';
import { KeysSwitch, isField, keysAct } from '../shared/ui/keys.js';
import { Dialog } from '../shared/ui/parts.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { MINUTE } from './minutes.js';
import { beside, steps } from './run.js';

const { direct } = words;

/** Keys that cut. @type {Readonly<Record<string, Cut>>} */
export const CUTS = { t: 'take', n: 'handover', s: 'slate', m: 'mute', h: 'slides', x: 'off' };

/** Keys with words in the catalogues, in the order they are listed. */
const LISTED = /** @type {const} */ (['t', 'n', 's', 'm', 'h', 'x', 'j', 'k', 'y', 'c', 'a', 'b', 'i', 'Esc', '?']);

/** @param {Cut} cut */
export const keyOf = (cut) => Object.keys(CUTS).find((key) => CUTS[key] === cut) ?? '';

/**
 * Listen for keys for as long as the page lives.
 *
 * @param {Desk} desk
 * @param {() => void} help shows the list of keys
 * @returns {() => void} stops listening
 */
export function onKeys(desk, help) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    // Also where nothing in it has the focus any more, an open dialog has its own keys, Escape first.
    if (document.querySelector('dialog[open]')) return undefined;
    if (isField(event.target)) return event.key === 'Escape' ? leave(event.target) : undefined;
    if (!keysAct.value && event.key !== 'Escape') return undefined;
    const cut = CUTS[event.key];
    if (event.key === '?') help();
    else if (cut) desk.press(cut);
    else if (!quick(desk, event.key)) return;
    event.preventDefault();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

/** Leave a field, so that keys are keys again; a dialog closes by itself. @param {EventTarget | null} target */
function leave(target) {
  if (target instanceof HTMLElement && !target.closest('dialog')) target.blur();
}

/**
 * @param {Desk} desk
 * @param {string} key
 * @returns {boolean} whether it is one of ours
 */
function quick(desk, key) {
  const subject = desk.subject.value;
  const main = desk.state.stage[0];
  const clock = main && clockOf(desk.state, main.id);
  switch (key) {
    case 'Escape':
      desk.disarm();
      return true;
    case 'j':
    case 'k':
      desk.picked.value = beside(desk.rows.value, desk.picked.value ?? subject?.id ?? null, key === 'j' ? 1 : -1);
      return true;
    case 'y':
      if (subject && steps(subject).includes('standby')) void desk.step(subject, 'standby');
      return true;
    case 'c':
      if (clock) void desk.give({ type: clock.started ? 'clock.pause' : 'clock.start', speaker: clock.speaker });
      return true;
    case 'a':
      if (clock) void desk.give({ type: 'clock.add', speaker: clock.speaker, added: MINUTE });
      return true;
    case 'i':
      if (desk.may('backstage.enter')) void desk.intercom.turn();
      return true;
    case 'b':
      if (clock) void desk.give({ type: 'clock.bell', speaker: clock.speaker });
      return true;
    default:
      return false;
  }
}

/** @param {{ onClose: () => void }} props */
export const Keys = ({ onClose }) => html`
  <${Dialog} label=${direct.keysTitle} onClose=${onClose}>
    <h2>${direct.keysTitle}</h2>
    <p class="quiet">${direct.keysHow}</p>
    <dl class="keys">
      ${LISTED.map((key) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${direct.keysList[key]}</dd></div>`)}
    </dl>
    <${KeysSwitch} />
    <div class="dialog-buttons">
      <button type="button" class="button" autofocus onClick=${onClose}>${direct.close}</button>
    </div>
  <//>
`;

/**
 * A button that cuts at a click, and says so when its key has armed it.
 *
 * @param {{ desk: Desk, cut: Cut, label: string, kind?: string, disabled?: boolean, title?: string }} props
 */
export function CutButton({ desk, cut, label, kind = '', disabled = false, title }) {
  const armed = desk.armed.value === cut;
  const key = keyOf(cut).toUpperCase();
  return html`
    <button
      type="button"
      class="button cut ${kind}"
      data-cut=${cut}
      data-armed=${armed ? '' : undefined}
      title=${title}
      disabled=${disabled || desk.cutting.value}
      onClick=${() => desk.act(cut)}
    >
      <span>${label}</span> <kbd aria-hidden="true">${key}</kbd>
    </button>
  `;
}
