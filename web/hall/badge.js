/** Who speaks, as on a printed badge: from the stage, and from the floor. */

/** @import { LiveSession } from '../shared/session.js' */

import { seenFirst } from '../shared/selectors.js';
import { listed, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { fromTheFloor, introduced } from './board.js';

/** @param {{ session: LiveSession }} props */
export function Badge({ session }) {
  const state = session.state.value;
  const [first, ...others] = seenFirst(state);
  if (!first) return null;
  const { name, title, affiliation } = introduced(state, first);
  const beside = others.length ? say(words.stage.with, { names: listed(others.map((person) => person.name)) }) : '';
  return html`
    <div class="badge-card name-line" key=${first.id}>
      <p class="name">${name}</p>
      ${title && html`<p class="badge">${title}</p>`}
      ${affiliation && html`<p class="badge">${affiliation}</p>`}
      ${beside && html`<p class="badge badge-beside">${beside}</p>`}
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
export function FloorBadge({ session }) {
  const state = session.state.value;
  const person = fromTheFloor(state);
  if (!person) return null;
  const { name, title, affiliation } = introduced(state, person);
  return html`
    <div class="badge-card floor-card" key=${person.id} data-place=${person.place ?? 'online'}>
      <p class="badge-head">${words.hall.from[person.place ?? 'online']}</p>
      <p class="name">${name}</p>
      ${(title || affiliation) && html`<p class="badge">${[title, affiliation].filter(Boolean).join(', ')}</p>`}
    </div>
  `;
}
