/**
 * The door: a link's invitation, a name if one is asked for, and the page of the role. Who has nothing to
 * say here is let through at once. Owns no session; the token is handed over in this tab's storage.
 */

/** @import { Offer, Offered } from '../shared/invitation.js' */
/** @import { Place } from '../shared/protocol.js' */

import { exchange, keepInvitation, look } from '../shared/invitation.js';
import { lateness } from '../shared/late.js';
import { beginning } from '../shared/time.js';
import { keepPlace, keepToken } from '../shared/token.js';
import { Segments } from '../shared/ui/fields.js';
import { keepFocus } from '../shared/ui/focus.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { useTitle } from '../shared/ui/page.js';
import { refusal, say, words } from '../shared/words.js';
import '../shared/words/all.js';
import { html, render } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { signal } from '../vendor/signals.js';

const CODE = 'rostrum.invitation.code';
const NAME = 'rostrum.name';
const AGAIN_MS = 3000;
const LONGEST = 100;

/** @type {import('../vendor/signals.js').Signal<Offer | null>} */
const offer = signal(null);
/** Why it does not open. @type {import('../vendor/signals.js').Signal<{ code: string, reason: string } | null>} */
const refused = signal(null);

const code = takeCode();

/** Whether nobody is there to help, as the link says (web/hall/). */
const kiosk = new URLSearchParams(location.search).has('kiosk');

/** Take the code from the fragment, so that the address can be seen; a reload still has it. */
function takeCode() {
  const given = new URLSearchParams(location.hash.slice(1)).get('invitation');
  if (given) {
    sessionStorage.setItem(CODE, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(CODE);
}

/** Look what the invitation is for, until somebody says so. */
async function open() {
  if (!code) {
    refused.value = { code: 'invitation_not_found', reason: '' };
    return;
  }
  const answer = await look(code);
  if (answer.ok) {
    refused.value = null;
    const { naming, sessions, seated, role } = answer.value;
    const only = sessions.length === 1 ? sessions[0] : undefined;
    // The hall has two pages, and somebody who says which; a kiosk is its screen, and there nobody says anything.
    const asks = naming === 'required' || (naming === 'optional' && role === 'viewer') || (role === 'hall' && !kiosk);
    const settled = (seated && role !== 'hall') || !asks;
    if (only && settled) return enter(answer.value, { name: '', session: only.id, place: null });
    offer.value = answer.value;
    return;
  }
  refused.value = answer;
  if (kiosk || answer.code === 'unreachable') setTimeout(open, AGAIN_MS);
}

/**
 * Take the seat and go to its page.
 *
 * @param {Offer} to
 * @param {{ name: string, session: string | null, place: Place | null, as?: 'companion' | 'desk' }} how
 */
async function enter(to, { name, session, place, as }) {
  const answer = await exchange({ code: code ?? '', name, session });
  if (!answer.ok) {
    offer.value = to;
    refused.value = answer;
    if (kiosk) setTimeout(open, AGAIN_MS);
    return;
  }
  const { token } = answer.value;
  const page = as === 'desk' ? 'av' : answer.value.page;
  if (name) localStorage.setItem(NAME, name);
  keepToken(page, token);
  keepInvitation(page, { code: code ?? '', name, session: answer.value.session });
  if (place) keepPlace(place);
  // How the hall's screen is to be goes on with it: `?kiosk`, `?silent`.
  location.assign(`/${page}/${as === 'companion' ? '?companion' : page === 'hall' ? location.search : ''}`);
}

function Door() {
  const { entrance } = words;
  const to = offer.value;
  useTitle(entrance.invited);
  return html`
    <div class="door">
      <header class="door-head">
        <p class="quiet">${words.product}</p>
        <${LanguageChoice} />
      </header>
      <main>
        ${to && html`<${Invited} to=${to} />`}
        ${!to && !refused.value && html`<h1>${entrance.opening}</h1>`}
        ${!to && refused.value && html`<h1>${refusal(refused.value)}</h1>`}
        ${!to &&
        refused.value &&
        html`<p class="quiet">${words.invitation.how}</p>
          <p><a class="button" href="/">${words.invitation.toEntrance}</a></p>`}
      </main>
    </div>
  `;
}

/** @param {{ to: Offer }} props */
function Invited({ to }) {
  const { entrance, programme } = words;
  const open = to.sessions.filter((session) => session.status !== 'ended');
  const [session, setSession] = useState(
    (open.find(({ status }) => status === 'live' || status === 'paused') ?? open[0] ?? to.sessions[0])?.id ?? null,
  );
  const [name, setName] = useState(to.name || (localStorage.getItem(NAME) ?? ''));
  const [place, setPlace] = useState(/** @type {Place} */ (to.place ?? 'online'));
  const [entering, setEntering] = useState(false);
  const chosen = to.sessions.find(({ id }) => id === session);
  const viewer = to.role === 'viewer';
  const hall = to.role === 'hall';
  const nameless = hall && to.naming === 'optional';
  const go = async (/** @type {Event} */ event, /** @type {'companion' | 'desk' | undefined} */ as = undefined) => {
    event.preventDefault();
    setEntering(true);
    refused.value = null;
    await enter(to, { name: to.naming === 'fixed' ? '' : name.trim(), session, place: viewer ? place : null, as });
    setEntering(false);
  };
  return html`
    <p class="quiet">${entrance.invited}</p>
    <h1>${chosen?.title ?? ''}</h1>
    ${chosen && html`<${When} session=${chosen} />`}
    ${!viewer && html`<p class="quiet">${say(entrance.as, { role: words.presence.roles[to.role] })}</p>`}
    <form class="door-form" onSubmit=${(/** @type {Event} */ e) => go(e)}>
      ${to.sessions.length > 1 &&
      html`<fieldset class="door-sessions">
        <legend class="unseen">${programme.title}</legend>
        ${to.sessions.map(
          (one) => html`
            <label key=${one.id} class="door-session">
              <input type="radio" name="session" checked=${one.id === session} onChange=${() => setSession(one.id)} />
              <span>${one.title}</span>
              <span class="quiet">
                ${one.status === 'live' ? programme.live : one.status === 'ended' ? programme.ended : timeOf(one)}
              </span>
            </label>
          `,
        )}
      </fieldset>`}
      ${to.naming !== 'fixed' &&
      !nameless &&
      html`<label class="choice">
        <span>${entrance.name}</span>
        <input
          class="field"
          autocomplete="name"
          maxlength=${LONGEST}
          value=${name}
          required=${to.naming === 'required'}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setName(e.currentTarget.value)}
        />
      </label>`}
      ${to.naming === 'optional' && !nameless && html`<p class="quiet">${entrance.nameHow}</p>`}
      ${viewer &&
      to.place !== 'hall' &&
      html`<${Segments}
        name="place"
        label=${entrance.place}
        value=${place}
        keys=${/** @type {const} */ (['online', 'hall'])}
        choices=${{ online: entrance.online, hall: entrance.inHall }}
        onChange=${setPlace}
      />`}
      ${refused.value && html`<p class="note" data-said role="alert">${refusal(refused.value)}</p>`}
      <button type="submit" class="button primary large" disabled=${entering}>
        ${entering ? entrance.entering : hall ? entrance.enterScreen : entrance.enter}
      </button>
      ${viewer &&
      place === 'hall' &&
      html`<div>
        <button type="button" class="button large" disabled=${entering} onClick=${(/** @type {Event} */ e) => go(e, 'companion')}>
          ${entrance.enterCompanion}
        </button>
        <p class="quiet">${entrance.companionHow}</p>
      </div>`}
      ${hall &&
      html`<div>
        <button type="button" class="button large" disabled=${entering} onClick=${(/** @type {Event} */ e) => go(e, 'desk')}>
          ${entrance.enterDesk}
        </button>
        <p class="quiet">${entrance.deskHow}</p>
      </div>`}
    </form>
  `;
}

/** When a session begins, as it looks now. @param {Offered} session */
function timeOf({ start, expected }) {
  const begins = expected?.start ?? start;
  return begins ? beginning(begins) : '';
}

/** When and where, and how that differs from what was planned. @param {{ session: Offered }} props */
function When({ session }) {
  const late = session.status === 'ended' ? '' : lateness(session.expected?.late ?? 0);
  return html`
    <p class="door-when quiet"><span>${timeOf(session)}</span> ${session.room && html`<span>${session.room}</span>`}</p>
    ${late && html`<p class="door-late">${late}</p>`}
  `;
}

addEventListener('hashchange', () => location.reload());
keepFocus();
render(html`<${Door} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
void open();
