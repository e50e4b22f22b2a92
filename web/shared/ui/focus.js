/**
 * Whoever works by keyboard keeps their place. Owns where the focus goes when what had it is taken away by what was
 * done with it: back to it, where it is only out of use while its command is under way; to the field it is the send
 * button of; else to the part of the page it stood in, where nothing is done by a key struck once too often. The law:
 * nothing moves for who uses a pointer, and nobody is taken from where they have gone themselves.
 */

/** So long, in ms, may something be out of use before one is taken elsewhere. */
const BUSY_MS = 3000;

/** What one can be in, as readers name it. */
const PART = 'li, form, fieldset, dialog, section, nav, header, footer, aside, main, [role=group], [role=tabpanel], [tabindex="0"]';

const FIELD = 'textarea, input:not([type=checkbox], [type=radio], [type=range])';

/** @param {Element} one */
const usable = (one) => one.isConnected && !one.matches(':disabled');

/** Keep the place of who works by keyboard, for as long as the page lives. */
export function keepFocus() {
  let byKeys = false;
  /** What had the focus last, unless it was left for nothing. @type {HTMLElement | null} */
  let last = null;
  /** The parts it stood in, the nearest first: what is taken away knows them no more. @type {HTMLElement[]} */
  let parts = [];
  let lost = false;
  let patience = 0;

  const forget = () => {
    clearTimeout(patience);
    lost = false;
  };
  addEventListener('keydown', () => (byKeys = true), true);
  addEventListener('pointerdown', () => (byKeys = false), true);
  addEventListener('focusin', ({ target }) => {
    forget();
    last = target instanceof HTMLElement ? target : null;
    parts = [];
    for (let at = last?.parentElement; at; at = at.parentElement) if (at.matches(PART)) parts.push(at);
  });
  addEventListener('focusout', () =>
    // What is left for nothing while it can still be used was left by somebody: by Escape, or a click beside it.
    setTimeout(() => {
      if (!lost && last && usable(last) && document.activeElement === document.body) last = null;
    }),
  );

  const nearest = () => {
    forget();
    const part = parts.find((one) => one.isConnected && one.checkVisibility()) ?? document.querySelector('main');
    if (!part || !byKeys) return;
    if (!part.hasAttribute('tabindex')) part.tabIndex = -1;
    part.focus();
  };

  new MutationObserver((changes) => {
    const now = document.activeElement;
    if (!last || !byKeys || (now && now !== document.body && now !== last)) return;
    const gone = last;
    if (!gone.isConnected) return nearest();
    if (usable(gone)) {
      // Moved in the document, as a row of a list is, it has lost the focus as well.
      const moved = changes.some(({ removedNodes }) => [...removedNodes].some((node) => node.contains(gone)));
      if (now !== gone && (lost || moved)) gone.focus();
      return forget();
    }
    if (lost) return undefined;
    lost = true;
    const field = gone.matches('[type=submit]') ? gone.closest('form')?.querySelector(FIELD) : null;
    if (field instanceof HTMLElement && usable(field)) field.focus();
    else patience = setTimeout(nearest, BUSY_MS);
    return undefined;
  }).observe(document, { subtree: true, childList: true, attributeFilter: ['disabled'] });
}
