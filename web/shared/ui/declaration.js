/**
 * A joint declaration as everybody reads it: the text, who is to sign and who has; and for whom an organisation has
 * sent, the button that signs. A signature shows when the server has it.
 */

/** @import { Declaration as Declared } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useState } from '../../vendor/preact-hooks.js';
import { isOver, signatureOf, signsFor } from '../selectors.js';
import { joined, refusal, say, words } from '../words.js';
import { Icon } from './icons.js';
import { Confirm } from './parts.js';

/**
 * Say where it stands: read before anybody may sign, open, or closed.
 *
 * @param {Declared} declaration
 * @returns {'reading' | 'open' | 'closed'}
 */
export const standsAt = ({ open, signatures }) => (open ? 'open' : signatures.length ? 'closed' : 'reading');

/** How many have signed, in words. @param {Declared} declaration */
export const signedOf = ({ signatures, organisations }) =>
  say(words.declaration.signed, { n: signatures.length, all: organisations.length });

/** The declaration, whole. @param {{ session: LiveSession }} props */
export function Declaration({ session }) {
  const { declaration } = session.state.value;
  const { declaration: told } = words;
  if (!declaration) return null;
  return html`
    <div class="scroll declaration" tabindex="0" role="region" aria-label=${told.tab}>
      <h2 class="declaration-title">${declaration.title}</h2>
      <p class="quiet">${joined(told.states[standsAt(declaration)], signedOf(declaration))}</p>
      <p class="declaration-text">${declaration.text}</p>
      <h3 class="list-head">${told.list}</h3>
      <${Signatories} declaration=${declaration} />
    </div>
  `;
}

/**
 * The organisations in their order, each with its mark and who has signed for it.
 *
 * @param {{ declaration: Declared, act?: (organisation: string) => import('../../vendor/preact.js').ComponentChild }} props
 *   `act`: what stands beside one that has signed
 */
export const Signatories = ({ declaration, act }) => html`
  <ol class="signatories">
    ${declaration.organisations.map((organisation) => {
      const signature = signatureOf(declaration, organisation);
      return html`
        <li key=${organisation} class="signatory" data-signed=${signature ? '' : undefined}>
          ${signature ? html`<${Icon} name="check" />` : html`<span class="signatory-place"></span>`}
          <span class="signatory-name">${organisation}</span>
          ${signature
            ? html`<span class="quiet">${signature.person.name}</span>${act?.(organisation)}`
            : html`<span class="unseen">${words.declaration.notYet}</span>`}
        </li>
      `;
    })}
  </ol>
`;

/** What whoever an organisation has sent is asked to do; nothing for everybody else. @param {{ session: LiveSession }} props */
export function SignCall({ session }) {
  const state = session.state.value;
  const { declaration: told } = words;
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState('');
  const { declaration } = state;
  const organisation = signsFor(state);
  if (!declaration || !organisation || isOver(state.session?.status)) return null;
  const signature = signatureOf(declaration, organisation);
  if (!signature && !declaration.open) return null;
  const sign = async () => {
    setAsking(false);
    const outcome = await session.command({ type: 'declaration.sign' });
    setSaid(outcome.ok ? '' : refusal(outcome));
  };
  const yours = signature?.person.id === state.you?.id;
  const done = yours ? say(told.yours, { organisation }) : say(told.byOther, { name: signature?.person.name ?? '', organisation });
  return html`
    <section class="sign" data-sign=${signature ? 'signed' : 'asked'} aria-label=${told.tab}>
      <p class="sign-text" role="status">${signature ? done : say(told.asked, { title: declaration.title })}</p>
      ${!signature &&
      html`<button type="button" class="button primary" data-action="sign" onClick=${() => setAsking(true)}>
        ${say(told.sign, { organisation })}
      </button>`}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
      ${asking &&
      !signature &&
      html`<${Confirm}
        text=${say(told.signAsk, { title: declaration.title, organisation })}
        yes=${told.signYes}
        no=${told.signNo}
        onYes=${sign}
        onNo=${() => setAsking(false)}
      />`}
    </section>
  `;
}
