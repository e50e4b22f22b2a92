/** A poll as the whole room reads it: the question, the options, how it stands or that it is not told yet. */

/** @import { Poll } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { between, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useLayoutEffect, useRef, useState } from '../vendor/preact-hooks.js';
import { density, rowsOf, standings } from './board.js';
import { rowsAtOnce, stands, turnTo, useLook, whole } from './fit.js';
import { Part, usePart } from './part.js';

/** How closely it stands, and how small its text is: from few options to as much as the last row can read. */
const STEPS = [['few'], ['some'], ['many'], ['many', 'small'], ['many', 'least']];

/** @param {HTMLElement} section @param {HTMLElement} list @returns {boolean} whether all of it is to be seen */
function fits(section, list) {
  const texts = /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll('.poll-text, .poll-option:not([hidden]) .poll-name'));
  return stands(section) && list.scrollHeight <= list.clientHeight + 1 && [...texts].every(whole);
}

/**
 * Have a poll stand as large as it may, and return how many of its options are seen at once.
 *
 * @param {HTMLElement} section
 * @param {HTMLElement} list
 * @param {string} first the density it begins at
 */
function arrange(section, list, first) {
  const all = list.children.length;
  turnTo(list, 0, all, rowsOf);
  for (const [close, fit] of STEPS.slice(STEPS.findIndex(([one]) => one === first))) {
    section.dataset['density'] = close;
    section.dataset['fit'] = fit ?? '';
    section.toggleAttribute('data-wide', close === 'many');
    if (fits(section, list)) return all;
  }
  return rowsAtOnce(list, rowsOf, () => fits(section, list));
}

/** @param {{ session: LiveSession, poll: Poll, company?: string }} props `company`: what else is on the screen */
export function PollBoard({ session, poll, company = '' }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  // Another object each time: whoever has looked has turned the pages.
  const [{ atOnce }, setSeen] = useState({ atOnce: poll.options.length });
  const parts = Math.ceil(poll.options.length / atOnce);
  const part = usePart(session, parts);
  const { voters, options, mean } = standings(session.state.value, poll);
  const told = options.some(({ share }) => share !== null);
  const { polls } = words;
  const first = density(poll);
  const look = (/** @type {HTMLElement} */ of) => list.current && setSeen({ atOnce: arrange(of, list.current, first) });
  // Results make an option higher, by its bar; that it is a part takes room, too.
  useLook(section, look, [poll.text, poll.options.join('\n'), company, told, parts > 1]);
  useLayoutEffect(() => void (list.current && turnTo(list.current, part * atOnce, atOnce, rowsOf)));
  const how = poll.state === 'open' ? (poll.kind === 'multiple' ? polls.several : polls.one) : polls.closed;
  return html`
    <section ref=${section} class="poll-board" data-poll=${poll.id} aria-label=${words.stage.onScreen}>
      <p class="poll-text board-head">${poll.text}</p>
      <ol ref=${list} class="poll-options" data-told=${told ? '' : undefined}>
        ${options.map(
          ({ text, share, most }, i) => html`
            <li key=${i} class="poll-option" data-most=${most ? '' : undefined}>
              <span class="poll-name" dir="auto">${text}</span>
              ${share !== null &&
              html`<span class="poll-share">${Math.round(100 * share)} %</span>
                <span class="poll-bar"><span style=${{ inlineSize: `${100 * share}%` }}></span></span>`}
            </li>
          `,
        )}
      </ol>
      <p class="poll-how">
        ${parts > 1 && html`<${Part} part=${part} parts=${parts} /> `}${how}${between()}<span class="count">${say(polls.voters, { n: voters })}</span>
        ${mean !== null && html`${between()}<span class="count">${say(words.hall.mean, { mean: mean.toFixed(1) })}</span>`}
        ${!told && poll.state === 'open' && `${between()}${polls.hidden}`}
      </p>
    </section>
  `;
}
