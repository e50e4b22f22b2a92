/**
 * The entrance: an invitation leads to its place; without one, the programme of the day. Owns reading the
 * programme, again and again; opens no session.
 */

/** @import { Programme as Answer } from './day.js' */

import { keptOffer } from '../shared/invitation.js';
import { keepFocus } from '../shared/ui/focus.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { useTitle } from '../shared/ui/page.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html, render } from '../vendor/htm-preact.js';
import { signal } from '../vendor/signals.js';
import { Programme } from './programme.js';

/** How often the programme is read again, and how soon after it could not be. */
const EVERY_MS = 30_000;
const AGAIN_MS = 5_000;

/** @typedef {{ id: string, title: string }} Event */

/** @type {import('../vendor/signals.js').Signal<readonly Event[] | null>} */
const events = signal(null);
/** @type {import('../vendor/signals.js').Signal<Answer | null>} */
const answer = signal(null);
const unreachable = signal(false);
/** The server's clock minus ours, in milliseconds. */
const ahead = signal(0);
const clock = signal(Date.now());
/** The event that the address names. */
const named = () => new URLSearchParams(location.search).get('event');
const wanted = signal(named());
/** Reads again when it is time. */
let again = 0;
/** The sessions that the invitation kept in this browser opens. @type {import('../vendor/signals.js').Signal<ReadonlySet<string>>} */
const open = signal(new Set());

setInterval(() => (clock.value = Date.now()), 1000);

/**
 * @param {string} path
 * @returns {Promise<any>} null: it is not there
 */
async function read(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(4000) });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** Read what there is, now and from then on. */
async function keep() {
  try {
    events.value ??= (await read('/api/events')).events;
    wanted.value ??= events.value?.length === 1 ? (events.value[0]?.id ?? null) : null;
    const asked = wanted.value;
    const found = asked && (await read(`/api/events/${encodeURIComponent(asked)}/programme`));
    if (asked !== wanted.value) return;
    if (found) {
      ahead.value = found.time - Date.now();
      answer.value = found;
    } else {
      wanted.value = answer.value = null;
    }
    unreachable.value = false;
  } catch {
    unreachable.value = true;
  }
  clearTimeout(again);
  again = setTimeout(keep, unreachable.value ? AGAIN_MS : EVERY_MS);
}

/** @param {string} event */
function choose(event) {
  history.pushState(null, '', `?event=${encodeURIComponent(event)}`);
  wanted.value = event;
  void keep();
}

// Back and forward lead from one programme to another, and to all of them.
addEventListener('popstate', () => {
  wanted.value = named();
  answer.value = null;
  void keep();
});

function Entrance() {
  const { entrance, programme } = words;
  const found = answer.value;
  useTitle(found?.event.title ?? programme.title);
  return html`
    <div class="entrance">
      <header class="entrance-head">
        <h1>${found ? found.event.title : entrance.title}</h1>
        <${LanguageChoice} />
      </header>
      <main>
        ${found && html`<${Programme} answer=${found} now=${clock.value + ahead.value} open=${open.value} />`}
        ${!found &&
        html`
          <p class="entrance-what">${entrance.what}</p>
          <p class="entrance-need">${entrance.need}</p>
          <p class="entrance-how">${entrance.how}</p>
          <h2>${programme.title}</h2>
          ${events.value?.length
            ? html`<ul class="events">
                ${events.value.map(
                  ({ id, title }) => html`<li key=${id}><button type="button" class="button" data-event=${id} onClick=${() => choose(id)}>${title}</button></li>`,
                )}
              </ul>`
            : html`<p class="empty">${programme.none}</p>`}
        `}
        <p class="line" data-kind=${unreachable.value ? 'wait' : 'none'} role="status">
          ${unreachable.value ? programme.unreachable : ''}
        </p>
        ${found && html`<p class="entrance-how">${entrance.how}</p>`}
      </main>
    </div>
  `;
}

keepFocus();
render(html`<${Entrance} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
void keep();
void keptOffer('watch').then((offer) => (open.value = new Set(offer?.sessions.map(({ id }) => id))));
