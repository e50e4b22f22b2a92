/**
 * Whether what is asked fits on the screen, and what is done about it: measured where it stands, because letters are
 * wide and narrow and an announcement takes its room from it. The law: nothing is cut and left at that. A text is first
 * set smaller, then given the picture's room, then shown a part at a time.
 */

import { useLayoutEffect, useRef, useState } from '../vendor/preact-hooks.js';
import { divided, evenly } from './board.js';

/** How far letters may stand out of a line (in heights of a letter) and still be inside it: Chinese ones are higher. */
const OVER = 0.15;

/** The `data-fit` of what has the picture's room, too. */
export const ALONE = 'alone';

/** What takes room from what is asked: how high it is changes what fits. */
const COMPANY = '.door, .news, .said';

/** @param {HTMLElement} box @returns {boolean} whether all of its text is to be seen */
export function whole(box) {
  const over = OVER * parseFloat(getComputedStyle(box).fontSize);
  return box.scrollHeight <= box.clientHeight + over && box.scrollWidth <= box.clientWidth + 1;
}

/** @param {HTMLElement} section what is asked @returns {boolean} whether it, and what is beside it, stands in its place */
export function stands(section) {
  const place = section.parentElement;
  if (!place || section.scrollHeight > place.clientHeight + 1) return false;
  const hall = section.closest('.hall');
  const [door, picture] = ['.door', '.picture'].map((one) => /** @type {HTMLElement | null} */ (hall?.querySelector(one)));
  // What needs all of the width has both of them beside its head.
  if (!door || section.dataset['wide'] === '') return true;
  return !overlap(door, section) && (section.dataset['fit'] === ALONE || !picture || !overlap(door, picture));
}

/** Whether two boxes lie one over the other; not where what moves has got to. @param {HTMLElement} a @param {HTMLElement} b */
const overlap = (a, b) =>
  a.offsetTop < b.offsetTop + b.offsetHeight - 1 &&
  b.offsetTop < a.offsetTop + a.offsetHeight - 1 &&
  a.offsetLeft < b.offsetLeft + b.offsetWidth - 1 &&
  b.offsetLeft < a.offsetLeft + a.offsetWidth - 1;

/**
 * Look whenever the place of an element, or what is beside it, has another size, and when `of` is another.
 *
 * @param {{ current: HTMLElement | null }} ref
 * @param {(section: HTMLElement) => void} look
 * @param {readonly unknown[]} of
 */
export function useLook(ref, look, of) {
  useLayoutEffect(() => {
    const section = ref.current;
    if (!section) return undefined;
    const hall = section.closest('.hall');
    const watcher = new ResizeObserver(() => look(section));
    // Not the place itself: how large that is follows from what is done here.
    for (const one of hall ? [hall, ...hall.querySelectorAll(COMPANY)] : [section]) watcher.observe(one);
    look(section);
    return () => watcher.disconnect();
  }, of);
}

/**
 * Return a text in parts that fit in the element `text` of a section, which is set in steps until all of it does.
 *
 * @param {string} text
 * @param {readonly string[]} steps values of `data-fit`, the first one the best
 * @param {string} company what is beside it
 * @param {(section: HTMLElement, box: HTMLElement) => boolean} fit
 * @param {string} [tail] what stands behind a part
 * @returns {{ section: { current: HTMLElement | null },
 *   box: { current: HTMLElement | null }, parts: readonly string[] }}
 */
export function useParts(text, steps, company, fit, tail = '') {
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [parts, setParts] = useState(/** @type {readonly string[]} */ ([text]));
  const look = (/** @type {HTMLElement} */ of) => {
    const place = box.current;
    const letters = place?.firstChild;
    if (!place || !(letters instanceof Text)) return;
    const shown = letters.data;
    const fits = (/** @type {string} */ part) => {
      letters.data = part;
      return fit(of, place);
    };
    const step = steps.find((one) => {
      of.dataset['fit'] = one;
      return fits(text);
    });
    const found = step === undefined ? divided(text, (part) => fits(part + tail)) : [text];
    letters.data = shown;
    setParts((before) => (before.join('\n') === found.join('\n') ? before : found));
  };
  useLook(section, look, [text, company]);
  return { section, box, parts };
}

/**
 * Show so many rows of a list, beginning with one of them, in so many lines.
 *
 * @param {HTMLElement} list
 * @param {number} from
 * @param {number} length
 * @param {(rows: number) => number} lines
 */
export function turnTo(list, from, length, lines) {
  const rows = /** @type {HTMLElement[]} */ ([...list.children]);
  rows.forEach((row, i) => (row.hidden = i < from || i >= from + length));
  list.style.setProperty('--rows', String(lines(Math.min(length, rows.length))));
}

/**
 * Return how many rows of a list fit at once, every part of it being looked at; one at least.
 *
 * @param {HTMLElement} list
 * @param {(rows: number) => number} lines
 * @param {() => boolean} fits
 */
export function rowsAtOnce(list, lines, fits) {
  const all = list.children.length;
  for (let parts = 1; parts < all; parts++) {
    const length = evenly(all, parts);
    let good = true;
    for (let from = 0; good && from < all; from += length) {
      turnTo(list, from, length, lines);
      good = fits();
    }
    if (good) return length;
  }
  return 1;
}
