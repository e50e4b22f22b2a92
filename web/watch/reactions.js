/** Applause and the like: buttons under the picture, and what the room gives, rising beside them. */

/** @import { Reaction } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { Icon } from '../shared/ui/icons.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';

const REACTIONS = /** @type {const} */ (['clap', 'heart', 'laugh', 'wow', 'thanks']);

/** How long one is to be seen, and how many at once. */
const SEEN_MS = 1600;
const AT_ONCE = 12;

/** @typedef {{ id: number, reaction: Reaction, count: number, lane: number }} Rising */

/** @param {{ session: LiveSession, children?: import('../vendor/preact.js').ComponentChildren }} props what else one may do */
export function Reactions({ session, children }) {
  const state = session.state.value;
  const [said, setSaid] = useState('');
  if (!state.can.includes('reaction.send') || state.session?.status !== 'live') return null;
  const give = async (/** @type {Reaction} */ reaction) => {
    const outcome = await session.command({ type: 'reaction.send', reaction });
    setSaid(outcome.ok ? '' : refusal(outcome));
  };
  return html`
    <div class="reactions" role="group" aria-label=${words.reactions.label}>
      ${REACTIONS.map(
        (reaction) => html`
          <button
            key=${reaction}
            type="button"
            class="button slight"
            aria-label=${words.reactions[reaction]}
            title=${words.reactions[reaction]}
            onClick=${() => give(reaction)}
          >
            <${Icon} name=${reaction} />
          </button>
        `,
      )}
      <${Rise} session=${session} />
      ${children}
      <span class="note" data-said role="status">${said}</span>
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
function Rise({ session }) {
  const { reactions } = session.state.value;
  const [rising, setRising] = useState(/** @type {readonly Rising[]} */ ([]));
  useEffect(() => {
    if (!reactions.count) return undefined;
    const fresh = REACTIONS.filter((reaction) => reactions.latest[reaction]).map((reaction, i) => ({
      id: reactions.count * REACTIONS.length + i,
      reaction,
      count: reactions.latest[reaction] ?? 0,
      lane: REACTIONS.indexOf(reaction),
    }));
    setRising((before) => [...before, ...fresh].slice(-AT_ONCE));
    setTimeout(() => setRising((before) => before.filter((one) => !fresh.includes(one))), SEEN_MS);
    return undefined;
  }, [reactions.count]);
  return html`
    <div class="rise" aria-hidden="true">
      ${rising.map(
        ({ id, reaction, count, lane }) => html`
          <span key=${id} class="risen" data-lane=${lane}><${Icon} name=${reaction} />${count > 1 && html`<span>${count}</span>`}</span>
        `,
      )}
    </div>
  `;
}
