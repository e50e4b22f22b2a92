/** The alarms: what is wrong, and the buttons that do something about it. Told once, aloud and politely. */

/** @import { Act, Alarm } from './alarms.js' */
/** @import { Desk } from './desk.js' */

import { Icon } from '../shared/ui/icons.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { MINUTE } from './minutes.js';

const { direct } = words;

/** @param {{ desk: Desk }} props */
export function AlarmBar({ desk }) {
  const alarms = desk.alarms.value.filter((alarm) => alarm.raised && !desk.aside.value.has(alarm.key));
  const { text, good } = desk.told.value;
  return html`
    <section class="alarms" aria-label=${direct.alarmsLabel}>
      ${desk.said.value && html`<p class="alarm said" data-said role="alert">${desk.said.value}</p>`}
      <p class=${good ? 'alarm back' : 'unseen'} role="status">${text}</p>
      <ul>
        ${alarms.map((alarm) => html`<${Line} key=${alarm.key} desk=${desk} alarm=${alarm} />`)}
      </ul>
    </section>
  `;
}

/** @param {{ desk: Desk, alarm: Alarm }} props */
function Line({ desk, alarm }) {
  const { kind, name, of } = alarm;
  const acts = alarm.acts.filter((act) => makesSense(desk, act));
  return html`
    <li class="alarm" data-alarm=${kind} data-of=${of}>
      <${Icon} name="warn" />
      <p class="alarm-text">${say(direct.alarms[kind], { name })}</p>
      ${acts.map(
        (act) => html`<button key=${act} type="button" class="button" data-act=${act} onClick=${() => carryOut(desk, alarm, act)}>
          ${say(direct.acts[act], { name: act === 'handover' ? (nextOf(desk)?.name ?? '') : name })}
        </button>`,
      )}
      <button type="button" class="button slight" aria-label=${say(direct.notedOf, { name: say(direct.alarms[kind], { name }) })} onClick=${() => desk.noted(alarm.key)}>
        ${direct.noted}
      </button>
    </li>
  `;
}

/** @param {Desk} desk */
const nextOf = (desk) => desk.run.value.run.find((row) => row.next && row.person);

/** @param {Desk} desk @param {Act} act */
function makesSense(desk, act) {
  if (act === 'slate') return typeof desk.state.air.slate !== 'string';
  if (act === 'pause') return desk.may('session.pause') && desk.state.session?.status === 'live';
  return true;
}

/**
 * @param {Desk} desk
 * @param {Alarm} alarm
 * @param {Act} act
 */
function carryOut(desk, { kind, of }, act) {
  const row = desk.rows.value.find((one) => one.id === of || one.person?.id === of);
  switch (act) {
    case 'slate':
      return desk.slate(direct.slates.back);
    case 'handover':
      return desk.handOver(nextOf(desk));
    case 'write':
      return desk.write(row?.person?.id ?? of, direct.notes[/** @type {keyof typeof direct.notes} */ (kind)]);
    case 'bell':
      return desk.give({ type: 'clock.bell', speaker: of });
    case 'minute':
      return desk.give({ type: 'clock.add', speaker: of, added: MINUTE });
    case 'backstage':
      return row && desk.step(row, 'backstage');
    case 'measure':
      return row && desk.step(row, 'measure');
    case 'pause':
      return desk.give({ type: 'session.pause' });
    case 'seen':
      return desk.give({ type: 'chat.post', channel: 'hall', text: direct.acts.seen, reply_to: of });
    case 'preview':
      return (desk.picked.value = nextOf(desk)?.id ?? null);
    case 'later': {
      const order = desk.run.value.run.map((one) => one.id).filter((id) => id !== of);
      return desk.give({ type: 'cue.order', speakers: [...order, of] });
    }
  }
}
