/**
 * A long list of which only what can be seen is in the document: 2,000 lines scroll as 20 do. Owns the
 * heights of rows it has seen, the place one reads at, and whether the newest is followed; knows nothing of
 * what a row is. The law: what one reads stays where it is, whatever comes or goes above, and old lines that
 * are drawn again as one reads back are no news: they are not read out.
 */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { windowOf } from './window_of.js';

/** Nearer to the end than this, in pixels, counts as reading the newest. */
const NEAR = 60;

/** @typedef {{ readonly id: string }} Item */

/**
 * @template {Item} T
 * @param {{ items: ReadonlyArray<T>, row: (item: T) => import('../../vendor/preact.js').ComponentChild, guess: number,
 *   label: string, role?: string, follow?: boolean, newest?: string, sought?: { readonly id: string | null } | null,
 *   chosen?: string | undefined, children?: import('../../vendor/preact.js').ComponentChildren }} props `row` draws what
 *   is inside one row; `guess`: the height of a row not seen yet; `follow`: keep to the end until one reads back;
 *   `newest`: what the button says that leads there again; `sought`: the row to go to, each time another object is
 *   given, or with `null` the newest; `chosen`: the row that comes into view when it becomes another; `children`: what
 *   an empty list says
 */
export function Windowed({ items, row, guess, label, role, follow = false, newest, sought = null, chosen, children }) {
  const scroller = useRef(/** @type {HTMLElement | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const heights = useRef(/** @type {Map<string, number>} */ (new Map()));
  /** The row one reads, and where it stands. */
  const reads = useRef(/** @type {{ id: string, at: number } | null} */ (null));
  const seeking = useRef(false);
  const [view, setView] = useState({ top: follow ? Infinity : 0, height: 800 });
  const [follows, setFollows] = useState(follow);
  const [, measured] = useState(0);

  const all = items.map(({ id }) => heights.current.get(id) ?? guess);
  const slice = windowOf(all, follows ? { ...view, top: Infinity } : view);

  const look = () => {
    const at = scroller.current;
    if (!at) return;
    const seen = { top: at.scrollTop, height: at.clientHeight };
    reads.current = rowAt(at, list.current);
    const next = windowOf(all, seen);
    if (next.from !== slice.from || next.to !== slice.to || seen.height !== view.height) setView(seen);
    if (follow) setFollows(at.scrollHeight - seen.top - seen.height < NEAR);
  };
  const toEnd = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight });

  useLayoutEffect(() => {
    const at = scroller.current;
    const place = items.findIndex(({ id }) => id === sought?.id);
    if (sought?.id === null) setFollows(follow);
    if (!at || !sought?.id || place < 0) return;
    // Drawn by guess, then held where it stands, as what one reads is.
    reads.current = { id: sought.id, at: at.clientHeight / 3 };
    seeking.current = true;
    setFollows(false);
    setView({ top: Math.max(0, all.slice(0, place).reduce((sum, height) => sum + height, 0) - reads.current.at), height: at.clientHeight });
  }, [sought]);

  // Rows are measured where they stand; one that differs from the guess moves only what is below it.
  useLayoutEffect(() => {
    let changed = false;
    for (const element of list.current?.children ?? []) {
      if (!(element instanceof HTMLElement) || !element.dataset['row']) continue;
      const height = element.getBoundingClientRect().height;
      if (height && heights.current.get(element.dataset['row']) !== height) {
        heights.current.set(element.dataset['row'], height);
        changed = true;
      }
    }
    if (changed) measured((n) => n + 1);
    const at = scroller.current;
    // Without rows there is nowhere to go, and to ask for the height would cost a layout before the first one.
    if (!items.length || !at) return;
    if (follows) return toEnd();
    const row = reads.current && rowOf(list.current, reads.current.id);
    if (row && seeking.current) row.focus({ preventScroll: true });
    seeking.current &&= !row;
    if (row && reads.current) at.scrollTop += offset(at, row) - reads.current.at;
    else reads.current = rowAt(at, list.current);
  });
  const place = items.findIndex(({ id }) => id === chosen);
  useLayoutEffect(() => {
    const at = scroller.current;
    if (!at || place < 0) return;
    const top = all.slice(0, place).reduce((sum, height) => sum + height, 0);
    const bottom = top + (all[place] ?? 0) + NEAR;
    if (top < at.scrollTop) at.scrollTop = top;
    else if (bottom > at.scrollTop + at.clientHeight) at.scrollTop = bottom - at.clientHeight;
    else return;
    reads.current = null;
  }, [chosen, place < 0]);
  useEffect(() => {
    const at = scroller.current;
    if (!at) return undefined;
    let width = at.clientWidth;
    const watcher = new ResizeObserver(() => {
      if (at.clientWidth !== width) heights.current.clear();
      width = at.clientWidth;
      setView({ top: at.scrollTop, height: at.clientHeight });
    });
    watcher.observe(at);
    return () => watcher.disconnect();
  }, []);

  return html`
    <div class="scroll" ref=${scroller} onScroll=${look} tabindex="0" role=${role} aria-label=${label} aria-live=${follow && !follows ? 'off' : undefined}>
      ${!items.length && children}
      <ol class="rows" ref=${list}>
        <li class="rows-gap" role="presentation" aria-hidden="true" style=${{ height: `${slice.before}px` }}></li>
        ${items.slice(slice.from, slice.to).map(
          (item, i) => html`
            <li key=${item.id} data-row=${item.id} tabindex=${item.id === sought?.id ? -1 : undefined} aria-setsize=${items.length} aria-posinset=${slice.from + i + 1}>
              ${row(item)}
            </li>
          `,
        )}
        <li class="rows-gap" role="presentation" aria-hidden="true" style=${{ height: `${slice.after}px` }}></li>
      </ol>
    </div>
    ${follow &&
    !follows &&
    html`<button type="button" class="button newest" onClick=${() => (setFollows(true), toEnd())}>${newest}</button>`}
  `;
}

/**
 * @param {HTMLElement | null} list
 * @param {string} id
 * @returns {HTMLElement | null | undefined}
 */
const rowOf = (list, id) => list?.querySelector(`[data-row="${CSS.escape(id)}"]`);

/**
 * Say how far below the upper edge of the box an element begins, in pixels.
 *
 * @param {Element} box
 * @param {Element} element
 */
const offset = (box, element) => element.getBoundingClientRect().top - box.getBoundingClientRect().top;

/**
 * Find the row at the upper edge.
 *
 * @param {HTMLElement} box
 * @param {HTMLElement | null} list
 */
function rowAt(box, list) {
  for (const row of list?.children ?? []) {
    const id = row instanceof HTMLElement ? row.dataset['row'] : undefined;
    const at = offset(box, row);
    if (id && at + row.clientHeight > 0) return { id, at };
  }
  return null;
}
