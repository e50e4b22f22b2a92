/**
 * The joint declaration as its desk has it: written, put forward, opened for signing, closed, shown to the hall. Owns
 * what is being written until the server has it, whatever is closed or loaded anew meanwhile.
 */

/** @import { Intent } from '../connection.js' */
/** @import { Declaration } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useState } from '../../vendor/preact-hooks.js';
import { effect, signal } from '../../vendor/signals.js';
import { isOver } from '../selectors.js';
import { joined, refusal, say, words } from '../words.js';
import { Signatories, signedOf, standsAt } from './declaration.js';
import { Confirm } from './parts.js';

/** Longest texts the protocol takes, and most organisations. */
const LONGEST = { title: 200, text: 6000 };
const MOST = 100;

const KEPT = 'rostrum.declaration';

/** @typedef {{ title: string, text: string, organisations: string }} Written */

/** What is written and not put forward yet, and for which session. */
const draft = signal(kept());
effect(() => sessionStorage.setItem(KEPT, JSON.stringify(draft.value)));

/** @returns {{ session: string, written: Written } | null} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {LiveSession} session @returns {Written | null} */
const draftOf = (session) => (draft.value?.session === session.id ? draft.value.written : null);

/** @param {LiveSession} session @param {Written | null} written */
const write = (session, written) => (draft.value = written && { session: session.id, written });

/** @param {Declaration | null} known */
const begun = (known) => ({
  title: known?.title ?? '',
  text: known?.text ?? '',
  organisations: known?.organisations.join('\n') ?? '',
});

/** @param {string} lines */
const named = (lines) => lines.split('\n').map((line) => line.trim()).filter(Boolean);

/** @param {{ session: LiveSession }} props */
export function DeclarationDesk({ session }) {
  const { declarationDesk: told } = words;
  const { declaration, session: talk } = session.state.value;
  const [said, setSaid] = useState('');
  const [struck, strike] = useState(/** @type {string | null} */ (null));
  const over = isOver(talk?.status);
  const give = async (/** @type {Intent} */ intent) => {
    const outcome = await session.command(intent);
    setSaid(outcome.ok ? '' : refusal(outcome));
    return outcome.ok;
  };
  const act = (/** @type {Intent['type']} */ type, /** @type {string} */ word, primary = false) => html`
    <button type="button" class=${primary ? 'button primary' : 'button'} data-act=${type} onClick=${() => give(/** @type {Intent} */ ({ type }))}>
      ${word}
    </button>
  `;
  const refused = said && html`<p class="note" data-said role="alert">${said}</p>`;
  if (!over && (draftOf(session) || !declaration)) return html`<${Draw} session=${session} known=${declaration} give=${give} />${refused}`;
  if (!declaration) return html`<p class="empty">${told.none}</p>`;
  const stands = standsAt(declaration);
  return html`
    <div class="declaration-desk" data-declaration=${stands} data-on-screen=${declaration.on_screen ? '' : undefined}>
      <h3 class="declaration-title">${declaration.title}</h3>
      <p class="quiet" role="status">
        ${joined(words.declaration.states[stands], signedOf(declaration), declaration.on_screen && told.onScreen)}
      </p>
      ${!over &&
      html`<div class="declaration-acts">
        ${declaration.open ? act('declaration.close', told.close) : act('declaration.open', stands === 'closed' ? told.again : told.open, stands === 'reading')}
        ${declaration.on_screen ? act('declaration.hide', told.hide) : act('declaration.show', told.show)}
        ${!declaration.signatures.length &&
        html`<button type="button" class="button" data-action="edit" onClick=${() => write(session, begun(declaration))}>${told.edit}</button>`}
      </div>`}
      ${refused}
      <details class="declaration-more">
        <summary>${told.text}</summary>
        <p class="declaration-text">${declaration.text}</p>
      </details>
      <${Signatories}
        declaration=${declaration}
        act=${(/** @type {string} */ organisation) =>
          !over &&
          html`<button type="button" class="button slight" aria-label=${say(told.strikeOf, { organisation })} onClick=${() => strike(organisation)}>
            ${told.strike}
          </button>`}
      />
      ${struck !== null &&
      html`<${Confirm}
        text=${say(told.strikeAsk, { organisation: struck })}
        yes=${told.strikeYes}
        no=${told.strikeNo}
        onYes=${() => {
          void give({ type: 'declaration.strike', organisation: struck });
          strike(null);
        }}
        onNo=${() => strike(null)}
      />`}
    </div>
  `;
}

/** One being written. @param {{ session: LiveSession, known: Declaration | null, give: (intent: Intent) => Promise<boolean> }} props */
function Draw({ session, known, give }) {
  const { declarationDesk: told } = words;
  const written = draftOf(session) ?? begun(known);
  const organisations = named(written.organisations);
  const lacks = !written.title.trim() || !written.text.trim() || !organisations.length;
  const put = (/** @type {Partial<Written>} */ part) => write(session, { ...written, ...part });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (lacks || organisations.length > MOST) return;
    const { title, text } = written;
    // Read out first: nobody signs before it is opened.
    const done = await give({ type: 'declaration.present', title: title.trim(), text: text.trim(), organisations, open: false });
    if (done) write(session, null);
  };
  return html`
    <form class="declaration-form" onSubmit=${submit}>
      <label class="choice">
        <span class="quiet">${told.title}</span>
        <input
          class="field"
          name="title"
          maxlength=${LONGEST.title}
          value=${written.title}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => put({ title: e.currentTarget.value })}
        />
      </label>
      <label class="choice">
        <span class="quiet">${told.text}</span>
        <textarea
          name="text"
          rows="5"
          maxlength=${LONGEST.text}
          value=${written.text}
          onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => put({ text: e.currentTarget.value })}
        ></textarea>
      </label>
      <label class="choice">
        <span class="quiet">${told.organisations} ${organisations.length > 0 && html`<span class="count">${organisations.length}</span>`}</span>
        <textarea
          name="organisations"
          rows="6"
          value=${written.organisations}
          onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => put({ organisations: e.currentTarget.value })}
        ></textarea>
      </label>
      <p class="note">${organisations.length > MOST ? say(told.many, { n: MOST }) : told.how}</p>
      <div class="declaration-acts">
        <button type="submit" class="button primary" disabled=${lacks || organisations.length > MOST}>${told.present}</button>
        ${known && html`<button type="button" class="button" onClick=${() => write(session, null)}>${told.leave}</button>`}
      </div>
    </form>
  `;
}
