/** A button whose choices open above it, as high as there is room, and close with Escape or when one looks elsewhere. */

/** @import { IconName } from './icons.js' */

import { html } from '../../vendor/htm-preact.js';
import { useLayoutEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { Icon } from './icons.js';

/** What stays free above the choices and between them and the button, in pixels. */
const FREE = 24;

/** @param {{ icon: IconName, label: string, children?: import('../../vendor/preact.js').ComponentChildren }} props */
export function Drop({ icon, label, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [open, setOpen] = useState(false);
  const room = open ? (box.current?.querySelector('button')?.getBoundingClientRect().top ?? 0) - FREE : 0;
  // In layout: a key pressed at once finds who listens.
  useLayoutEffect(() => {
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
      ${open && html`<div class="drop-body" role="group" aria-label=${label} style=${{ maxBlockSize: `${room}px` }}>${children}</div>`}
    </div>
  `;
}
