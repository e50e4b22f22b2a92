/** A poll as the whole room reads it: the question, the options, how it stands or that it is not told yet. */

/** @import { Poll } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { between, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { density, rowsOf, standings } from './board.js';

/** @param {{ session: LiveSession, poll: Poll | undefined }} props */
export function PollBoard({ session, poll }) {
  if (!poll) return null;
  const { voters, options, mean } = standings(session.state.value, poll);
  const told = options.some(({ share }) => share !== null);
  const { polls } = words;
  const how = poll.state === 'open' ? (poll.kind === 'multiple' ? polls.several : polls.one) : polls.closed;
  return html`
    <section class="poll-board" key=${poll.id} data-poll=${poll.id} data-density=${density(poll)} aria-label=${words.stage.onScreen}>
      <p class="poll-text board-head">${poll.text}</p>
      <ol class="poll-options" style=${{ '--rows': rowsOf(options.length) }} data-told=${told ? '' : undefined}>
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
        ${how}${between()}<span class="count">${say(polls.voters, { n: voters })}</span>
        ${mean !== null && html`${between()}<span class="count">${say(words.hall.mean, { mean: mean.toFixed(1) })}</span>`}
        ${!told && poll.state === 'open' && `${between()}${polls.hidden}`}
      </p>
    </section>
  `;
}
