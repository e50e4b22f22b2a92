/** What the room is asked, and how it stands. A choice shows as made when the server has it. */

/** @import { Poll } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { ballotIn, isOver, resultOf } from '../shared/selectors.js';
import { refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { pollsFor } from './panel.js';

/** @param {{ session: LiveSession }} props */
export function Polls({ session }) {
  const { polls: said } = words;
  const all = pollsFor(session.state.value);
  const open = all.filter((poll) => poll.state === 'open').reverse();
  const closed = all.filter((poll) => poll.state === 'closed').reverse();
  return html`
    <div class="scroll polls" tabindex="0" role="region" aria-label=${said.tab}>
      ${!all.length && html`<p class="empty">${said.empty}</p>`}
      ${[...open, ...closed].map((poll) => html`<${Ballot} key=${poll.id} session=${session} poll=${poll} />`)}
    </div>
  `;
}

/** @param {{ session: LiveSession, poll: Poll }} props */
function Ballot({ session, poll }) {
  const state = session.state.value;
  const { polls: told } = words;
  const [said, setSaid] = useState('');
  const [waiting, setWaiting] = useState(false);
  const mine = ballotIn(state, poll.id);
  const { voters, counts } = resultOf(state, poll);
  const most = Math.max(1, voters);
  const open = poll.state === 'open' && !isOver(state.session?.status) && state.can.includes('poll.vote');
  const give = async (/** @type {readonly number[]} */ choices) => {
    setWaiting(true);
    const outcome = await session.command({ type: 'poll.vote', poll: poll.id, choices });
    setWaiting(false);
    setSaid(outcome.ok ? '' : refusal(outcome));
  };
  const choose = (/** @type {number} */ i) => {
    if (poll.kind !== 'multiple') return give([i]);
    return give(mine.includes(i) ? mine.filter((j) => j !== i) : [...mine, i].sort((a, b) => a - b));
  };
  return html`
    <fieldset class="poll" data-poll=${poll.id} data-state=${poll.state} disabled=${waiting}>
      <legend class="poll-text">${poll.text}</legend>
      <p class="quiet">
        ${poll.state === 'open' ? (poll.kind === 'multiple' ? told.several : told.one) : told.closed}
        ${' '}<span>${say(told.voters, { n: voters })}</span>
      </p>
      ${poll.options.map(
        (option, i) => html`
          <label key=${i} class="option" data-mine=${mine.includes(i) ? '' : undefined}>
            <input
              type=${poll.kind === 'multiple' ? 'checkbox' : 'radio'}
              name="poll-${poll.id}"
              checked=${mine.includes(i)}
              disabled=${!open}
              onChange=${() => choose(i)}
              onKeyDown=${poll.kind === 'multiple' ? undefined : step}
            />
            <span class="option-text">${option}</span>
            ${counts && html`<span class="option-share">${Math.round((100 * (counts[i] ?? 0)) / most)} %</span>`}
            ${counts &&
            html`<span class="option-bar"><span style=${{ inlineSize: `${(100 * (counts[i] ?? 0)) / most}%` }}></span></span>`}
          </label>
        `,
      )}
      ${!counts && poll.state === 'open' && html`<p class="quiet">${told.hidden}</p>`}
      ${open &&
      mine.length > 0 &&
      html`<button type="button" class="button slight" onClick=${() => give([])}>${told.takeBack}</button>`}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
    </fieldset>
  `;
}

/** An arrow leads to another option and does not choose it: each choice is a vote. @param {KeyboardEvent} event */
function step(event) {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const at = /** @type {HTMLElement} */ (event.currentTarget);
  const all = [...(at.closest('fieldset')?.querySelectorAll('input') ?? [])];
  if (!by) return;
  all[(all.findIndex((one) => one === at) + by + all.length) % all.length]?.focus();
  event.preventDefault();
}
