/** Those backstage: who is there, heard or not, and a button to talk with them. */

/** @import { Intercom } from '../intercom.js' */

import { html } from '../../vendor/htm-preact.js';
import { backstage, isOver } from '../selectors.js';
import { listed, refusal, say, words } from '../words.js';
import { DeviceTrouble, Switch } from './fields.js';
import { IconButton } from './parts.js';
import { SlotView } from './picture.js';

/** @param {{ intercom: Intercom }} props */
export function IntercomBar({ intercom }) {
  const { intercom: told } = words;
  const state = intercom.session.state.value;
  const refused = intercom.refused.value;
  const names = backstage(state).map(({ name }) => name);
  const talking = intercom.talking.value;
  if (isOver(state.session?.status) || !state.can.includes('backstage.enter')) return null;
  return html`
    <section class="intercom" aria-label=${told.label} data-talking=${talking ? '' : undefined}>
      ${intercom.hearing.value && html`<${SlotView} viewer=${intercom.ear} name="main" label=${told.picture} />`}
      <div class="intercom-words">
        <p class="quiet">${names.length ? say(told.there, { names: listed(names) }) : told.nobody}</p>
        <${Switch} label=${told.hear} on=${intercom.hearing.value} onChange=${(/** @type {boolean} */ on) => intercom.hear(on)} />
        <${IconButton}
          icon=${talking ? 'microphone' : 'microphoneOff'}
          label=${talking ? told.hush : told.talk}
          pressed=${talking}
          onClick=${() => intercom.turn()}
        />
        ${talking && html`<p class="intercom-heard" role="status">${told.heard}</p>`}
        <${DeviceTrouble} device=${intercom.microphone} onRetry=${() => (talking ? intercom.microphone.open() : intercom.turn())} />
        ${refused && html`<p class="note" data-said role="alert">${refusal(refused)}</p>`}
      </div>
    </section>
  `;
}
