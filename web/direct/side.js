/** Beside the cuts: what those backstage write to each other, and how the service is. */

/** @import { Desk } from './desk.js' */

import { Chat } from '../shared/ui/chat.js';
import { DeclarationDesk } from '../shared/ui/declaration_desk.js';
import { Segments } from '../shared/ui/fields.js';
import { IntercomBar } from '../shared/ui/intercom.js';
import { Dialog, People, PresenceCounts } from '../shared/ui/parts.js';
import { refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { Matrix } from './matrix.js';

const { direct } = words;

/** Longest announcement the protocol takes. */
const LONGEST = 300;

/** Those backstage: heard, talked with, and written to, all of them or one; and the hall's desk. @param {{ desk: Desk }} props */
export function Backstage({ desk }) {
  const [line, setLine] = useState(/** @type {'backstage' | 'hall'} */ ('backstage'));
  const [to, setTo] = useState(/** @type {{ id: string, name: string } | null} */ (null));
  const here = desk.rows.value.flatMap(({ person }) => (person && person.id !== desk.state.you?.id ? [person] : []));
  // Whoever was chosen stays so when they leave: what is written to one person never goes to all.
  const people = to && !here.some(({ id }) => id === to.id) ? [...here, to] : here;
  return html`
    <section class="side-part backstage" aria-labelledby="backstage-title">
      <div class="backstage-head">
        <h2 class="unseen" id="backstage-title">${direct.backstage}</h2>
        <${Segments}
          name="written-with"
          label=${direct.lines}
          value=${line}
          keys=${/** @type {const} */ (['backstage', 'hall'])}
          choices=${direct.lineOf}
          onChange=${setLine}
        />
        ${line === 'backstage' &&
        desk.may('chat.post:backstage') &&
        html`<label class="for-whom">
          <span class="quiet">${direct.notesFor}</span>
          <select
            value=${to?.id ?? ''}
            onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => setTo(people.find(({ id }) => id === e.currentTarget.value) ?? null)}
          >
            <option value="" selected=${!to}>${direct.notesAll}</option>
            ${people.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === to?.id}>${name}</option>`)}
          </select>
        </label>`}
      </div>
      ${line === 'backstage'
        ? html`<${IntercomBar} intercom=${desk.intercom} />
            <${Chat} key="backstage" session=${desk.session} channel="backstage" empty=${direct.backstageNone} to=${to} />`
        : html`<${Chat}
            key="hall"
            session=${desk.session}
            channel="hall"
            empty=${direct.lineNone}
            label=${words.moderate.chat.labels.hall}
          />`}
    </section>
  `;
}

/** @param {{ desk: Desk }} props */
export function Service({ desk }) {
  const [returns, setReturns] = useState(false);
  const [declaring, setDeclaring] = useState(false);
  return html`
    <section class="side-part service" aria-labelledby="service-title">
      <div class="service-head">
        <h2 class="desk-title" id="service-title">${direct.service}</h2>
        <${PresenceCounts} session=${desk.session} />
      </div>
      <${Health} desk=${desk} />
      ${desk.may('announcement.pin') &&
      html`<h2 class="desk-title">${words.announcement}</h2>
        <${Announce} desk=${desk} />`}
      <div class="service-foot">
        ${desk.may('backstage.set_return') &&
        html`<button type="button" class="button slight" onClick=${() => setReturns(true)}>${direct.returns}</button>`}
        ${(desk.may('declaration.present') || desk.state.declaration) &&
        html`<button type="button" class="button slight" data-action="declaration" onClick=${() => setDeclaring(true)}>
          ${words.declarationDesk.label}
        </button>`}
        <details class="desk-people">
          <summary>${words.presence.people}</summary>
          <${People} session=${desk.session} />
        </details>
      </div>
      ${returns && html`<${Matrix} desk=${desk} onClose=${() => setReturns(false)} />`}
      ${declaring &&
      html`<${Dialog} label=${words.declarationDesk.label} onClose=${() => setDeclaring(false)}>
        <h2>${words.declarationDesk.label}</h2>
        <${DeclarationDesk} session=${desk.session} />
        <div class="dialog-buttons">
          <button type="button" class="button" onClick=${() => setDeclaring(false)}>${direct.close}</button>
        </div>
      <//>`}
    </section>
  `;
}

/** The service's health, in words. @param {{ desk: Desk }} props */
function Health({ desk }) {
  const { session, programme, state } = desk;
  const { health } = direct;
  const { phase } = programme.status.value;
  const playing = programme.shown.main.value !== 'none' || programme.shown.slides.value !== 'none';
  const quality = programme.quality.value;
  const soft = quality === 'soft' || quality === 'standing';
  // After the end none comes, and none is missed.
  const joined = phase === 'connected' || desk.over;
  const picture = !joined ? health.pictureBad : !playing ? health.pictureNone : soft ? health.pictureSoft : health.pictureGood;
  const screens = (state.presence.people ?? []).filter((p) => p.role === 'hall').length;
  const lines = /** @type {const} */ ([
    ['line', session.status.value.phase === 'open', health.lineGood, health.lineBad],
    ['relay', state.media.relay, health.relayGood, health.relayBad],
    ['log', !state.chatPaused, health.chatGood, health.chatBad],
    ['picture', joined && !soft, picture, picture],
    ['screens', screens > 0, say(health.screens, { n: screens }), health.screensNone],
  ]);
  return html`
    <ul class="health">
      ${lines.map(([key, good, yes, no]) => html`<li key=${key} data-health=${key} data-good=${good ? '' : undefined}>${good ? yes : no}</li>`)}
    </ul>
  `;
}

/** What is pinned on all screens, and a field to pin something. @param {{ desk: Desk }} props */
function Announce({ desk }) {
  const { announcement } = desk.state;
  const [text, setText] = useState('');
  const [place, setPlace] = useState(/** @type {'all' | 'hall' | 'online'} */ ('all'));
  const [said, setSaid] = useState('');
  const pin = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim()) return;
    const outcome = await desk.session.command({ type: 'announcement.pin', text: text.trim(), place: place === 'all' ? null : place });
    setSaid(outcome.ok ? '' : refusal(outcome));
    if (outcome.ok) setText('');
  };
  return html`
    ${announcement &&
    html`<p class="pinned">
      <span>${announcement.text}</span>
      <button type="button" class="button slight" onClick=${() => desk.give({ type: 'announcement.unpin' })}>${direct.unpin}</button>
    </p>`}
    <form class="announce" onSubmit=${pin}>
      <div class="one-line">
        <input
          class="field"
          maxlength=${LONGEST}
          aria-label=${direct.announce}
          placeholder=${direct.announce}
          value=${text}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setText(e.currentTarget.value)}
        />
        <button type="submit" class="button" disabled=${!text.trim()}>${direct.pin}</button>
      </div>
      ${text.trim() &&
      html`<${Segments}
        name="place"
        label=${direct.announceTo}
        value=${place}
        keys=${/** @type {const} */ (['all', 'hall', 'online'])}
        choices=${direct.places}
        onChange=${setPlace}
      />`}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
    </form>
  `;
}
