/** A button whose choices open above it, and close with Escape or when one looks elsewhere. */

/** @import { IconName } from './icons.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { Icon } from './icons.js';

/** @param {{ icon: IconName, label: string, children?: import('../../vendor/preact.js').ComponentChildren }} props */
export function Drop({ icon, label, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return undefined;
    const elsewhere = (/** @type {Event} */ { target }) => {
      if (target instanceof Node && !box.current?.contains(target)) setOpen(false);
    };
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      box.current?.querySelector('button')?.focus();
    };
    document.addEventListener('pointerdown', elsewhere);
    document.addEventListener('focusin', elsewhere);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', elsewhere);
      document.removeEventListener('focusin', elsewhere);
      document.removeEventListener('keydown', onKey);
    };
  }, [open]);
  return html`
    <div class="drop" ref=${box}>
      <button type="button" class="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        <${Icon} name=${icon} /><span>${label}</span>
      </button>
      ${open && html`<div class="drop-body" role="group" aria-label=${label}>${children}</div>`}
    </div>
  `;
}
