/** The joint declaration as the whole room reads it: the text while it is read out, then who signs, one by one. */

/** @import { Declaration } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { signedOf, standsAt } from '../shared/ui/declaration.js';
import { Icon } from '../shared/ui/icons.js';
import { between, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useLayoutEffect, useRef } from '../vendor/preact-hooks.js';
import { passage, roll } from './board.js';

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
 * @returns {() => void} ends it
 */
function setWhole(list) {
  const look = () => {
    const rows = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('.roll-row'))];
    const name = (/** @type {HTMLElement} */ row) => /** @type {HTMLElement} */ (row.querySelector('.roll-name'));
    for (const row of rows) delete row.dataset.long;
    for (const row of rows.filter((one) => name(one).scrollWidth > name(one).clientWidth)) {
      row.dataset.long = '';
      if (rows.some((one) => name(one).offsetHeight > one.clientHeight + 1)) delete row.dataset.long;
    }
  };
  const watcher = new ResizeObserver(look);
  watcher.observe(list);
  look();
  return () => watcher.disconnect();
}

/** @param {{ declaration: Declaration, at: number }} props */
function Roll({ declaration, at }) {
  const { rows, last, part, parts } = roll(declaration, at);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const names = rows.map(({ organisation }) => organisation).join('\n');
  useLayoutEffect(() => (list.current ? setWhole(list.current) : undefined), [names]);
  return html`
    <ol ref=${list} class="roll" style=${{ '--rows': Math.ceil(rows.length / 2) }} data-room=${rows.length > 12 ? 'close' : 'wide'}>
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
