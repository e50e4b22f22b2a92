/**
 * The token a page was opened with. It comes in the URL's fragment, which no server and no Referer
 * sees; it is moved to sessionStorage at once, so that the address bar can be shown on a projector and
 * a reload still works. Tokens are read here, never checked: that is the server's part.
 */

/**
 * What a page reads from its token.
 *
 * @typedef {{ sub: string, session: string, role: string, exp: number }} Claims
 */

/**
 * Read a JWT's payload (RFC 7519, section 3) without checking its signature.
 *
 * @param {string} token
 * @returns {Claims | null} null when it is not a token
 */
export function readClaims(token) {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const complete = typeof claims.sub === 'string' && typeof claims.session === 'string';
    return complete ? claims : null;
  } catch {
    return null;
  }
}

/**
 * Take the token from the fragment, else from this tab's storage under the page's own name: two pages
 * opened one after the other in a tab have two tokens.
 *
 * @param {string} page
 * @returns {string | null}
 */
export function takeToken(page) {
  const key = `rostrum.token.${page}`;
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(key, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(key);
}

const PLACE = 'rostrum.place';

/** Keep where somebody said that they sit. @param {import('./protocol.js').Place} place */
export function keepPlace(place) {
  sessionStorage.setItem(PLACE, place);
}

/** @returns {import('./protocol.js').Place | null} null: nobody has said */
export function keptPlace() {
  const kept = sessionStorage.getItem(PLACE);
  return kept === 'hall' || kept === 'online' ? kept : null;
}

/**
 * Keep a refreshed token for the next reload.
 *
 * @param {string} page
 * @param {string} token
 */
export function keepToken(page, token) {
  sessionStorage.setItem(`rostrum.token.${page}`, token);
}
