/** The joint declaration as the whole room reads it: the text while it is read out, then who signs, one by one. */

/** @import { Declaration } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { signedOf, standsAt } from '../shared/ui/declaration.js';
import { Icon } from '../shared/ui/icons.js';
import { between, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-hooks.js';
import { ROLL, evenly, passage, roll } from './board.js';

/** So few names are shown at once even where one of them is cut. */
const FEWEST = 6;

/** @param {{ session: LiveSession, declaration: Declaration | undefined }} props */
export function DeclarationBoard({ session, declaration }) {
  if (!declaration) return null;
  const stands = standsAt(declaration);
  return html`
    <section class="declaration-board" data-wide key=${declaration.id} data-declaration=${stands} aria-label=${words.stage.onScreen}>
      <p class="board-head">${declaration.title}</p>
      ${stands === 'reading'
        ? html`<${Read} text=${declaration.text} at=${session.now.value} />`
        : html`<${Roll} declaration=${declaration} at=${session.now.value} />`}
    </section>
  `;
}

/** @param {{ text: string, at: number }} props */
function Read({ text, at }) {
  const { text: read, part, parts } = passage(text, at);
  return html`
    <p class="declaration-read" key=${part}>${read}</p>
    ${parts > 1 && html`<p class="board-foot">${say(words.hall.part, { n: part, all: parts })}</p>`}
  `;
}

/**
 * Give the names of a list that do not fit on one line another, as far as there is room: nobody signs under half a name.
 *
 * @param {HTMLElement} list
 * @returns {boolean} whether all of them stand whole
 */
function setWhole(list) {
  const rows = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('.roll-row'))];
  const name = (/** @type {HTMLElement} */ row) => /** @type {HTMLElement} */ (row.querySelector('.roll-name'));
  const cut = (/** @type {HTMLElement} */ row) => name(row).scrollWidth > name(row).clientWidth;
  for (const row of rows) delete row.dataset['long'];
  for (const row of rows.filter(cut)) {
    row.dataset['long'] = '';
    if (rows.some((one) => name(one).offsetHeight > one.clientHeight + 1)) delete row.dataset['long'];
  }
  const torn = (/** @type {HTMLElement} */ row) => name(row).offsetHeight > row.clientHeight + 1 || name(row).scrollHeight > name(row).clientHeight + 2;
  return !rows.some((row) => cut(row) || torn(row));
}

/** @param {{ declaration: Declaration, at: number }} props */
function Roll({ declaration, at }) {
  const all = declaration.organisations.length;
  // Another object each time: whoever has another screen looks again.
  const [{ atOnce }, setSeen] = useState({ atOnce: all });
  const { rows, last, part, parts } = roll(declaration, at, Math.min(atOnce, ROLL));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  // Another screen: all of them are tried at once again, and fewer while a name is cut.
  useEffect(() => {
    const again = () => setSeen({ atOnce: all });
    addEventListener('resize', again);
    return () => removeEventListener('resize', again);
  }, [all]);
  useLayoutEffect(() => {
    if (!list.current || setWhole(list.current)) return;
    if (rows.length > FEWEST) setSeen({ atOnce: evenly(all, parts + 1) });
  });
  return html`
    <ol ref=${list} class="roll" style=${{ '--rows': Math.ceil(rows.length / 2) }} data-room=${all > 12 ? 'close' : 'wide'}>
      ${rows.map(
        ({ organisation, signed }) => html`
          <li key=${organisation} class="roll-row" data-signed=${signed ? '' : undefined}>
            <span class="roll-mark">${signed && html`<${Icon} name="check" />`}</span>
            <span class="roll-name" dir="auto">${organisation}</span>
            ${!signed && html`<span class="unseen">${words.declaration.notYet}</span>`}
          </li>
        `,
      )}
    </ol>
    <p class="board-foot">
      <span class="count">${signedOf(declaration)}</span>
      ${last && html`${between()}<span class="roll-last" key=${last.organisation}>${say(words.hall.signedLast, last)}</span>`}
      ${parts > 1 && html`${between()}<span class="count">${say(words.hall.part, { n: part, all: parts })}</span>`}
    </p>
  `;
}
