/** Who stands at the hall's microphone: put into the one queue by name, without an account. */

/** @import { LiveSession } from '../shared/session.js' */

import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { handsInHall } from './reach.js';

const LONGEST = 100;

/** @param {{ session: LiveSession }} props */
export function Microphone({ session }) {
  const { av } = words;
  const state = session.state.value;
  const [name, setName] = useState('');
  const [from, setFrom] = useState('');
  const [said, setSaid] = useState('');
  const hands = handsInHall(state);
  const give = async (/** @type {import('../shared/connection.js').Intent} */ intent) => {
    const outcome = await session.command(intent);
    setSaid(outcome.ok ? '' : refusal(outcome));
    return outcome.ok;
  };
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!(await give({ type: 'floor.add', name: name.trim(), affiliation: from.trim() }))) return;
    setName('');
    setFrom('');
  };
  const field = (/** @type {string} */ label, /** @type {string} */ value, /** @type {(text: string) => void} */ set) => html`
    <label class="choice">
      <span class="quiet">${label}</span>
      <input
        class="field"
        maxlength=${LONGEST}
        autocomplete="off"
        value=${value}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => set(e.currentTarget.value)}
      />
    </label>
  `;
  return html`
    <section class="av-part" aria-labelledby="av-floor">
      <h2 id="av-floor" class="av-part-head">${av.floor}</h2>
      ${!hands.length && html`<p class="empty">${state.floor.open ? av.handsNone : av.handsClosed}</p>`}
      <ul class="av-hands">
        ${hands.map(
          (hand) => html`
            <li key=${hand.id} class="av-hand" data-hand=${hand.state ?? 'waiting'}>
              <span class="av-hand-name">${hand.person.name}</span>
              <span class="quiet">${av.hands[hand.state ?? 'waiting']}</span>
              <button type="button" class="button slight" onClick=${() => give({ type: 'floor.remove', hand: hand.id })}>${av.remove}</button>
            </li>
          `,
        )}
      </ul>
      ${state.can.includes('floor.add') &&
      state.floor.open &&
      html`<form class="av-form" onSubmit=${add}>
        ${field(av.name, name, setName)} ${field(av.from, from, setFrom)}
        <button type="submit" class="button" disabled=${!name.trim()}>${av.add}</button>
      </form>`}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
    </section>
  `;
}
