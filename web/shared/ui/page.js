/**
 * How every page begins: its session is opened, or it is said what is missing; its parts are drawn;
 * `window.rostrum` is there for tests to look at. Owns nothing of any page's own.
 */

/** @import { ComponentChild } from '../../vendor/preact.js' */
/** @import { LiveSession } from '../session.js' */

import { html, render } from '../../vendor/htm-preact.js';
import { useEffect } from '../../vendor/preact-hooks.js';
import { openSession } from '../session.js';
import { words } from '../words.js';
import { LanguageChoice } from './language.js';

/**
 * What a page is: how it is drawn, and what a test may want to know of its media.
 *
 * @typedef {{ view: () => ComponentChild, media: () => object }} Opened
 */

/**
 * Draw a page into the document's `#page`.
 *
 * @param {string} name the page's own name, as in its address
 * @param {(session: LiveSession) => Opened | Promise<Opened>} open prepares the page
 * @param {Promise<LiveSession | null>} [opened] the session, where it was opened before this was loaded
 */
export async function openPage(name, open, opened = openSession(name)) {
  const root = /** @type {HTMLElement} */ (document.getElementById('page'));
  // A second link opened in the same tab changes the fragment only.
  addEventListener('hashchange', () => location.reload());
  const session = await opened;
  root.replaceChildren();
  if (!session) {
    render(html`<${NoInvitation} />`, root);
    return;
  }
  const { view, media } = await open(session);
  render(html`<${view} />`, root);
  const debug = {
    state: () => session.state.value,
    media,
    get connection() {
      return session.status.value;
    },
  };
  Object.defineProperty(window, 'rostrum', { value: Object.freeze(debug) });
}

/** Name the tab. @param {string} title in the language spoken now */
export function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · ${words.product}`;
  }, [title]);
}

function NoInvitation() {
  useTitle(words.invitation.missing);
  return html`<${Nowhere} why=${words.invitation.missing} how=${words.invitation.how} />`;
}

/**
 * What stands in the page's place for whom it has no session: why, and the ways on.
 *
 * @param {{ why: string, how: string }} props
 */
export const Nowhere = ({ why, how }) => html`
  <main class="slate alone">
    <h1>${why}</h1>
    <p>${how}</p>
    <p><a class="button" href="/">${words.invitation.toEntrance}</a></p>
    <${LanguageChoice} />
  </main>
`;
