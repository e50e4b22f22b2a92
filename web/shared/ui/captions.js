/**
 * Captions: what is being said, as words. Owns whether this person wants them, in which language and how
 * large, for the next time too. They are never read out by themselves, which would talk over the speaker, but
 * can be gone to.
 */

/** @import { LiveSession } from '../session.js' */
/** @import { Signal } from '../../vendor/signals.js' */

import { html } from '../../vendor/htm-preact.js';
import { effect, signal } from '../../vendor/signals.js';
import { captionsIn } from '../selectors.js';
import { language, words } from '../words.js';
import { negotiated } from '../words/catalogue.js';
import { Segments } from './fields.js';
import { IconButton } from './parts.js';

const KEPT = 'rostrum.captions';

/** How large they are. */
const SIZES = /** @type {const} */ (['small', 'medium', 'large']);

/** @returns {{ on: boolean, language: string, size: string }} */
function kept() {
  try {
    const { on, language: tag, size } = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    return { on: on === true, language: String(tag ?? ''), size: SIZES.find((one) => one === size) ?? 'medium' };
  } catch {
    return { on: false, language: '', size: 'medium' };
  }
}

/** What this person wants; without a language, the one nearest to the page's. @type {Signal<ReturnType<typeof kept>>} */
export const wanted = signal(kept());
effect(() => localStorage.setItem(KEPT, JSON.stringify(wanted.value)));

/**
 * Return the language to show, of those that are spoken; nothing where there are no captions.
 *
 * @param {LiveSession} session
 * @param {string} tag the one that is asked for
 */
function spoken(session, tag) {
  const there = Object.keys(session.state.value.captions);
  return there.includes(tag) ? tag : there.length ? negotiated([tag, language.value], there) : undefined;
}

/**
 * The lines themselves, newest last.
 *
 * @param {{ session: LiveSession, tag?: string, size?: string }} props `tag`: the language, by default the one wanted
 */
export function Captions({ session, tag = wanted.value.language, size = wanted.value.size }) {
  const shown = spoken(session, tag);
  if (!shown) return null;
  const lines = captionsIn(session.state.value, shown, session.now.value);
  return html`
    <div class="captions" data-size=${size} role="region" aria-label=${words.captions.label} aria-live="off" tabindex="0" lang=${shown} dir="auto">
      ${lines.map(({ line, text }) => html`<p key=${line}><span>${text}</span></p>`)}
    </div>
  `;
}

/** Whether there are any to be shown, or not. @param {{ session: LiveSession }} props */
export function CaptionsButton({ session }) {
  if (!Object.keys(session.state.value.captions).length) return null;
  const { on } = wanted.value;
  return html`<${IconButton}
    icon="captions"
    label=${words.captions.label}
    pressed=${on}
    onClick=${() => (wanted.value = { ...wanted.value, on: !on })}
  />`;
}

/** In which language, and how large. @param {{ session: LiveSession }} props */
export function CaptionsChoice({ session }) {
  const there = Object.keys(session.state.value.captions).sort();
  if (!there.length || !wanted.value.on) return null;
  const names = new Intl.DisplayNames(language.value, { type: 'language' });
  return html`
    ${there.length > 1 &&
    html`<${Segments}
      name="captions-language"
      label=${words.captions.language}
      value=${spoken(session, wanted.value.language) ?? ''}
      keys=${there}
      choices=${Object.fromEntries(there.map((tag) => [tag, names.of(tag) ?? tag]))}
      onChange=${(/** @type {string} */ tag) => (wanted.value = { ...wanted.value, language: tag })}
    />`}
    <${Segments}
      name="captions-size"
      label=${words.captions.size}
      value=${wanted.value.size}
      keys=${SIZES}
      choices=${words.captions.sizes}
      onChange=${(/** @type {string} */ size) => (wanted.value = { ...wanted.value, size })}
    />
  `;
}
