/**
 * The floor: who speaks from among the people, who is next and why, and who waits, hall and online in one line.
 * Owns nothing but a name being written; whose turn it is, the server says.
 */

/** @import { Hand, Rooms } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Commands } from './commands.js' */

import { publication } from '../shared/selectors.js';
import { timeOfDay } from '../shared/time.js';
import { Switch } from '../shared/ui/fields.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { isOver } from './commands.js';
import { Act, Field, Refused, Where, Who, useCommands } from './parts.js';
import { RATIOS, floorIntent, isAway, ratioKey, ratioOf } from './turns.js';

/** @param {{ session: LiveSession, commands: Commands }} props `commands`: shared with the keys */
export function Floor({ session, commands }) {
  const { moderate } = words;
  const { floor } = session.state.value;
  const over = isOver(session);
  const upcoming = floor.line.find((hand) => hand.id === floor.next?.hand);
  const others = floor.line.filter((hand) => hand !== upcoming);
  const behind = floor.waiting.hall + floor.waiting.online - floor.line.length;
  return html`
    <div class="scroll floor-desk" tabindex="0" role="region" aria-label=${moderate.tabs.floor}>
      <${Refused} commands=${commands} />
      ${floor.speaking && html`<${Turn} session=${session} commands=${commands} hand=${floor.speaking} />`}
      ${floor.called && html`<${Turn} session=${session} commands=${commands} hand=${floor.called} />`}
      ${upcoming
        ? html`<section class="turn" data-hand=${upcoming.id} data-turn="next">
            <p class="turn-name">
              <span class="turn-state">${moderate.turns.next}</span> <${Who} person=${upcoming.person} /> <${Where} place=${upcoming.person.place} />${' '}
              <${Away} session=${session} hand=${upcoming} />
            </p>
            ${upcoming.topic && html`<p>${upcoming.topic}</p>`}
            <p class="quiet" data-why=${floor.next?.why.code}>${because(session, upcoming)}</p>
            ${!over &&
            html`<div class="turn-acts">
              ${!floor.called && html`<${Act} commands=${commands} intent=${floorIntent(floor, 'g')} cap="g" primary>${moderate.floor.call}<//>`}
              <${Act} commands=${commands} intent=${{ type: 'floor.skip', hand: upcoming.id }}>${moderate.floor.skip}<//>
              <${Act} commands=${commands} intent=${{ type: 'floor.remove', hand: upcoming.id }}>${moderate.floor.remove}<//>
            </div>`}
          </section>`
        : !floor.called && !floor.speaking && html`<p class="empty">${floor.open ? moderate.floor.empty : moderate.floor.closed}</p>`}
      ${others.length > 0 &&
      html`<h3 class="list-head">${moderate.floor.waiting} <span class="count">${say(moderate.floor.rooms, { ...floor.waiting })}</span></h3>
        <ol class="line-up">
          ${others.map((hand) => html`<${Waits} key=${hand.id} session=${session} commands=${commands} hand=${hand} />`)}
        </ol>`}
      ${behind > 0 && html`<p class="quiet">${say(moderate.floor.behind, { n: behind })}</p>`}
      ${!over && html`<${AddHand} session=${session} /><${Rules} session=${session} commands=${commands} />`}
    </div>
  `;
}

/** A word where somebody online has no connection. @param {{ session: LiveSession, hand: Hand }} props */
const Away = ({ session, hand }) =>
  isAway(session.state.value.presence, hand) && html`<span class="role" data-away>${words.moderate.floor.away}</span>`;

/** Who is called, or speaks. @param {{ session: LiveSession, commands: Commands, hand: Hand }} props */
function Turn({ session, commands, hand }) {
  const { moderate } = words;
  const state = session.state.value;
  const speaks = hand.state === 'speaking';
  const sends = hand.person.place === 'hall' || publication(state, hand.person.id, 'floor')?.live;
  return html`
    <section class="turn" data-hand=${hand.id} data-turn=${speaks ? 'speaking' : 'called'}>
      <p class="turn-name">
        <span class="turn-state" role="status">${speaks ? moderate.turns.speaking : moderate.turns.called}</span> <${Who} person=${hand.person} />${' '}
        <${Where} place=${hand.person.place} /> <${Away} session=${session} hand=${hand} />
      </p>
      <p class="quiet">
        ${hand.topic && html`<span class="topic">${hand.topic}</span>`}${' '}
        ${hand.person.place === 'hall' ? moderate.floor.hallMicrophone : sends ? moderate.floor.sends : moderate.floor.silent}
      </p>
      ${!isOver(session) &&
      html`<div class="turn-acts">
        ${speaks
          ? html`<${Act} commands=${commands} intent=${floorIntent(state.floor, 'x')} cap="x" primary>${moderate.floor.done}<//>`
          : html`<${Act} commands=${commands} intent=${floorIntent(state.floor, 't')} cap="t" primary>${moderate.floor.speak}<//>
              <${Act} commands=${commands} intent=${floorIntent(state.floor, 'z')} cap="z">${moderate.floor.skip}<//>
              <${Act} commands=${commands} intent=${{ type: 'floor.remove', hand: hand.id }}>${moderate.floor.remove}<//>`}
      </div>`}
    </section>
  `;
}

/** Somebody further behind. @param {{ session: LiveSession, commands: Commands, hand: Hand }} props */
function Waits({ session, commands, hand }) {
  const { moderate } = words;
  const { floor } = session.state.value;
  return html`
    <li class="waits" data-hand=${hand.id}>
      <div class="waits-who">
        <p><${Who} person=${hand.person} /> <${Where} place=${hand.person.place} /> <${Away} session=${session} hand=${hand} /></p>
        <p class="quiet">${hand.topic} <time>${say(moderate.floor.since, { time: timeOfDay(hand.at) })}</time></p>
      </div>
      ${!isOver(session) &&
      html`<div class="turn-acts">
        ${!floor.called && html`<${Act} commands=${commands} intent=${{ type: 'floor.call', hand: hand.id }}>${moderate.floor.callThis}<//>`}
        <${Act} commands=${commands} intent=${{ type: 'floor.first', hand: hand.id }}>${moderate.floor.first}<//>
        <${Act} commands=${commands} intent=${{ type: 'floor.remove', hand: hand.id }}>${moderate.floor.remove}<//>
      </div>`}
    </li>
  `;
}

/** Say why somebody is next. @param {LiveSession} session @param {Hand} hand */
function because(session, hand) {
  const { why } = words.moderate;
  const { floor } = session.state.value;
  const { code, values = {} } = floor.next?.why ?? { code: 'only' };
  if (code === 'ratio') {
    const { hall_turns: hall = 0, online_turns: online = 0 } = values;
    return say(hand.person.place === 'hall' ? why.ratioHall : why.ratioOnline, { hall, online, ratio: written(floor.ratio) });
  }
  if (code === 'earliest') return say(why.earliest, { time: timeOfDay(values['since'] ?? hand.since) });
  return why[code];
}

/** @param {Rooms} ratio */
const written = ({ hall, online }) => `${hall} : ${online}`;

/** Whether hands are taken, and in which ratio. @param {{ session: LiveSession, commands: Commands }} props */
function Rules({ session, commands }) {
  const { moderate } = words;
  const { floor } = session.state.value;
  const now = ratioKey(floor.ratio);
  const keys = RATIOS.includes(now) ? RATIOS : [now, ...RATIOS];
  return html`
    <div class="floor-rules">
      <${Switch}
        label=${moderate.floor.open}
        how=${moderate.floor.openHow}
        on=${floor.open}
        onChange=${(/** @type {boolean} */ on) => commands.give({ type: on ? 'floor.open' : 'floor.close' })}
      />
      <label class="choice">
        <span class="quiet">${moderate.floor.ratio}</span>
        <select
          data-ratio
          value=${now}
          onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => commands.give({ type: 'floor.ratio', ...ratioOf(e.currentTarget.value) })}
        >
          ${keys.map((key) => html`<option key=${key} value=${key}>${written(ratioOf(key))}</option>`)}
        </select>
      </label>
      <p class="quiet">${say(moderate.floor.turns, { ratio: written(floor.turns) })}</p>
    </div>
  `;
}

/** Somebody at the hall's microphone, by name. @param {{ session: LiveSession }} props */
function AddHand({ session }) {
  const { moderate } = words;
  const commands = useCommands(session);
  const { open } = session.state.value.floor;
  const empty = { name: '', affiliation: '', topic: '' };
  const [told, setTold] = useState(empty);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (told.name.trim() && (await commands.give({ type: 'floor.add', ...told }))) setTold(empty);
  };
  return html`
    <details class="add-hand">
      <summary>${moderate.floor.add}</summary>
      <form class="desk-form" onSubmit=${submit}>
        <${Field} label=${moderate.floor.name} value=${told.name} longest=${200} required onInput=${(/** @type {string} */ name) => setTold({ ...told, name })} />
        <${Field} label=${moderate.floor.affiliation} value=${told.affiliation} longest=${200} onInput=${(/** @type {string} */ affiliation) => setTold({ ...told, affiliation })} />
        <${Field} label=${moderate.floor.topic} value=${told.topic} longest=${200} onInput=${(/** @type {string} */ topic) => setTold({ ...told, topic })} />
        <${Refused} commands=${commands} />
        <button type="submit" class="button primary" disabled=${!open || !told.name.trim()}>${moderate.floor.addSend}</button>
        ${!open && html`<p class="quiet">${moderate.floor.addClosed}</p>`}
      </form>
    </details>
  `;
}
