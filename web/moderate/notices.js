/** What is put before everybody: announcements, the one pinned and the next one; and the joint declaration. */

/** @import { LiveSession } from '../shared/session.js' */

import { timeOfDay } from '../shared/time.js';
import { DeclarationDesk } from '../shared/ui/declaration_desk.js';
import { Segments } from '../shared/ui/fields.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { isOver } from './commands.js';
import { Act, Refused, useCommands } from './parts.js';

/** Longest text the protocol takes. */
const LONGEST = 300;

const PLACES = /** @type {const} */ (['all', 'hall', 'online']);

/** @param {{ session: LiveSession }} props */
export function Notices({ session }) {
  const { notices, tabs } = words.moderate;
  const { announcement } = session.state.value;
  const commands = useCommands(session);
  const [text, setText] = useState('');
  const [place, setPlace] = useState(/** @type {typeof PLACES[number]} */ ('all'));
  const over = isOver(session);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim()) return;
    if (await commands.give({ type: 'announcement.pin', text: text.trim(), place: place === 'all' ? null : place })) setText('');
  };
  return html`
    <div class="scroll notices" tabindex="0" role="region" aria-label=${tabs.notices}>
      ${announcement
        ? html`<section class="turn" data-announcement=${announcement.place ?? 'all'}>
            <p class="turn-state">${say(notices.now, { place: notices.places[announcement.place ?? 'all'] })}</p>
            <p class="notice-text">${announcement.text}</p>
            <p class="quiet">${say(notices.by, { name: announcement.author.name, time: timeOfDay(announcement.at) })}</p>
            ${!over && html`<div class="turn-acts"><${Act} commands=${commands} intent=${{ type: 'announcement.unpin' }}>${notices.lift}<//></div>`}
          </section>`
        : html`<p class="empty">${notices.empty}</p>`}
      <${Refused} commands=${commands} />
      ${!over &&
      html`<form class="desk-form" onSubmit=${submit}>
        <label class="choice">
          <span class="quiet">${notices.text}</span>
          <textarea
            rows="3"
            name="notice"
            maxlength=${LONGEST}
            value=${text}
            onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setText(e.currentTarget.value)}
            onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === 'Enter' && !e.shiftKey && !e.isComposing && void submit(e)}
          ></textarea>
        </label>
        <${Segments} name="place" label=${notices.place} value=${place} keys=${PLACES} choices=${notices.places} onChange=${setPlace} />
        <button type="submit" class="button primary" disabled=${!text.trim()}>${announcement ? notices.replace : notices.pin}</button>
      </form>`}
      <section class="notices-declaration" aria-labelledby="declaration-title">
        <h2 class="list-head" id="declaration-title">${words.declarationDesk.label}</h2>
        <${DeclarationDesk} session=${session} />
      </section>
    </div>
  `;
}
