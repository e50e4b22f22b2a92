/** How the public chat is kept: slow, held for approval, words that are looked at or not taken, who is muted. */

/** @import { LiveSession } from '../shared/session.js' */

import { timeOfDay } from '../shared/time.js';
import { Segments, Switch } from '../shared/ui/fields.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { linesOf } from './draft.js';
import { Act, Refused, useCommands } from './parts.js';

/** Seconds between two messages of one person that are offered; 0 is off. */
const SLOW = [0, 5, 15, 30, 60];

/** @param {{ session: LiveSession }} props */
export function Rules({ session }) {
  const { chat } = words.moderate;
  const { chatRules, chatWords, muted } = session.state.value;
  const commands = useCommands(session);
  const slows = SLOW.includes(chatRules.slow) ? SLOW : [...SLOW, chatRules.slow];
  const still = muted.filter((mute) => mute.until > session.now.value);
  return html`
    <section class="rules" aria-label=${chat.rules}>
      <${Refused} commands=${commands} />
      <${Segments}
        name="slow"
        label=${chat.slow}
        value=${String(chatRules.slow)}
        keys=${slows.map(String)}
        choices=${Object.fromEntries(slows.map((n) => [n, n ? say(chat.seconds, { n }) : chat.slowOff]))}
        onChange=${(/** @type {string} */ key) => commands.give({ type: 'chat.rules', hold: chatRules.hold, slow: Number(key) })}
      />
      <${Switch}
        label=${chat.hold}
        how=${chat.holdHow}
        on=${chatRules.hold}
        onChange=${(/** @type {boolean} */ hold) => commands.give({ type: 'chat.rules', hold, slow: chatRules.slow })}
      />
      <${WordLists} key=${JSON.stringify(chatWords)} session=${session} />
      ${still.length > 0 &&
      html`<h3 class="list-head">${chat.mutedNow}</h3>
        <ul>
          ${still.map(
            (mute) => html`<li key=${mute.person.id} class="waits">
              <p>${mute.person.name} <span class="quiet">${say(chat.until, { time: timeOfDay(mute.until) })}</span></p>
              <${Act} commands=${commands} intent=${{ type: 'chat.unmute', participant: mute.person.id }}>${chat.unmute}<//>
            </li>`,
          )}
        </ul>`}
    </section>
  `;
}

/** Two lists of words, a word a line. @param {{ session: LiveSession }} props */
function WordLists({ session }) {
  const { chat, save } = words.moderate;
  const { hold = [], refuse = [] } = session.state.value.chatWords ?? {};
  const commands = useCommands(session);
  const [lists, setLists] = useState({ hold: hold.join('\n'), refuse: refuse.join('\n') });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void commands.give({ type: 'chat.words', hold: linesOf(lists.hold), refuse: linesOf(lists.refuse) });
  };
  return html`
    <details>
      <summary>${chat.words}</summary>
      <form class="desk-form" onSubmit=${submit}>
        ${/** @type {const} */ (['hold', 'refuse']).map(
          (name) => html`<label key=${name} class="choice">
            <span class="quiet">${chat.wordLists[name]}</span>
            <textarea
              rows="3"
              name=${name}
              value=${lists[name]}
              onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setLists({ ...lists, [name]: e.currentTarget.value })}
            ></textarea>
          </label>`,
        )}
        <${Refused} commands=${commands} />
        <button type="submit" class="button">${save}</button>
      </form>
    </details>
  `;
}
