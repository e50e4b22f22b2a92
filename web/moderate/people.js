/** Who is here, and putting somebody out. */

/** @import { Person } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Commands } from './commands.js' */

import { Confirm, PresenceCounts } from '../shared/ui/parts.js';
import { Windowed } from '../shared/ui/windowed.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { Act, Refused, Where, useCommands } from './parts.js';

/** Height of a person's line, in pixels. */
const GUESS = 52;

/** Whom a moderator may put out: nobody who works here. */
const BELOW = new Set(['viewer', 'hall', 'speaker', 'interpreter']);

/** @param {{ session: LiveSession }} props */
export function PeopleDesk({ session }) {
  const { moderate, presence } = words;
  const { you, presence: here, barred } = session.state.value;
  const commands = useCommands(session);
  const people = here.people ?? [];
  const person = (/** @type {Person} */ one) => html`
    <div class="waits" data-person=${one.id}>
      <p class="waits-who">
        <span class="who">${one.name}${one.id === you?.id ? ` (${presence.you})` : ''}</span>
        <span class="quiet">${presence.roles[one.role]}</span>
        ${one.role !== 'hall' && one.place === 'hall' && html`<${Where} place="hall" />`}
      </p>
      ${BELOW.has(one.role) && one.id !== you?.id && html`<${PutOut} commands=${commands} person=${one} slight />`}
    </div>
  `;
  return html`
    <div class="people-desk">
      <${PresenceCounts} session=${session} />
      <${Refused} commands=${commands} />
      ${barred.length > 0 &&
      html`<section class="barred">
        <h3 class="list-head">${moderate.people.barred}</h3>
        <ul>
          ${barred.map(
            (one) => html`<li key=${one.id} class="waits" data-barred=${one.id}>
              <p class="who">${one.name}</p>
              <${Act} commands=${commands} intent=${{ type: 'person.readmit', participant: one.id }}>${moderate.people.readmit}<//>
            </li>`,
          )}
        </ul>
      </section>`}
      <${Windowed} items=${people} row=${person} guess=${GUESS} label=${presence.people} role="region">
        <p class="empty">${here.people ? presence.nobody : moderate.people.unknown}</p>
      <//>
    </div>
  `;
}

/**
 * A button that asks before somebody is put out.
 *
 * @param {{ commands: Commands, person: Person, slight?: boolean }} props
 */
export function PutOut({ commands, person, slight = false }) {
  const { people } = words.moderate;
  const [asking, setAsking] = useState(false);
  const yes = () => {
    setAsking(false);
    void commands.give({ type: 'person.eject', participant: person.id });
  };
  return html`
    <button type="button" class="button ${slight ? 'slight' : ''}" data-action="put-out" onClick=${() => setAsking(true)}>${people.putOut}</button>
    ${asking &&
    html`<${Confirm}
      text=${say(people.putOutAsk, { name: person.name })}
      yes=${people.putOutYes}
      no=${people.putOutNo}
      onYes=${yes}
      onNo=${() => setAsking(false)}
    />`}
  `;
}
