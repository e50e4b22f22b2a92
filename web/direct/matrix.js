/** What each role is sent back at each step: the return feeds, changed where they stand. */

/** @import { ReturnCue, ReturnFeed, Role } from '../shared/protocol.js' */
/** @import { Desk } from './desk.js' */

import { Dialog } from '../shared/ui/parts.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

const { direct } = words;

/** Roles that are sent something back (an owner is a producer with more keys). @type {readonly Role[]} */
const ROLES = ['speaker', 'chair', 'interpreter', 'moderator', 'producer'];

/** @type {readonly ReturnCue[]} */
const CUES = ['none', 'invited', 'checked', 'backstage', 'standby', 'on_air', 'cleared'];

/** @type {readonly ReturnFeed[]} */
const FEEDS = ['programme', 'hall', 'backstage', 'off'];

/** @param {{ desk: Desk, onClose: () => void }} props */
export const Matrix = ({ desk, onClose }) => html`
  <${Dialog} label=${direct.returns} onClose=${onClose}>
    <h2>${direct.returns}</h2>
    <p class="quiet">${direct.returnsHow}</p>
    <div class="matrix-scroll" tabindex="0" role="group" aria-label=${direct.returns}>
      <table class="matrix">
        <thead>
          <tr>
            <td></td>
            ${ROLES.map((role) => html`<th key=${role} scope="col">${words.presence.roles[role]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${CUES.map(
            (cue) => html`<tr key=${cue}>
              <th scope="row">${direct.cues[cue]}</th>
              ${ROLES.map((role) => html`<td key=${role}><${Place} desk=${desk} role=${role} cue=${cue} /></td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <div class="dialog-buttons">
      <button type="button" class="button" autofocus onClick=${onClose}>${direct.close}</button>
    </div>
  <//>
`;

/** @param {{ desk: Desk, role: Role, cue: ReturnCue }} props */
function Place({ desk, role, cue }) {
  const feed = desk.state.matrix.find((place) => place.role === role && place.cue === cue)?.feed ?? 'off';
  return html`
    <select
      aria-label=${say(direct.returnOf, { role: words.presence.roles[role], cue: direct.cues[cue] })}
      value=${feed}
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) =>
        desk.give({
          type: 'backstage.set_return',
          place: { role, cue, feed: /** @type {ReturnFeed} */ (currentTarget.value) },
        })}
    >
      ${FEEDS.map((name) => html`<option key=${name} value=${name} selected=${name === feed}>${direct.feeds[name]}</option>`)}
    </select>
  `;
}
