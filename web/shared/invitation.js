/**
 * An invitation and what it gives: a code from a link is exchanged for a token (docs/protocol.md,
 * "Invitations"). Owns this browser's own secret, which holds its seat, and the code a page came in with,
 * so that it gets in again when its token has ended. The law: a code leaves this machine in bodies alone.
 */

/** @import { Role, Place, Status } from './protocol.js' */

import { keepToken } from './token.js';

const CLIENT = 'rostrum.client';
const REQUEST_MS = 6000;

/**
 * What an invitation is for (docs/openapi.json, Offer).
 *
 * @typedef {object} Offered a session that it opens
 * @property {string} id
 * @property {string} title
 * @property {Status} status
 * @property {number | null} [start] as planned
 * @property {string} [room]
 * @property {{ start: number, late: number } | null} [expected] as it looks now
 *
 * @typedef {object} Offer
 * @property {Role} role
 * @property {string} page
 * @property {'fixed' | 'optional' | 'required'} naming
 * @property {readonly Offered[]} sessions
 * @property {string} [name]
 * @property {Place} [place]
 * @property {boolean} [seated] whether this browser has its seat already
 *
 * @typedef {object} Admission the token of a seat (Admission)
 * @property {string} token
 * @property {string} session
 * @property {string} page
 */

/**
 * @template T
 * @typedef {{ ok: true, value: T } | { ok: false, code: string, reason: string }} Answer
 */

/** Say who this browser is to invitations: a secret made once. */
function client() {
  const kept = localStorage.getItem(CLIENT);
  if (kept) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const made = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
  localStorage.setItem(CLIENT, made);
  return made;
}

/**
 * @param {string} what
 * @param {object} body
 * @returns {Promise<Answer<any>>} never rejects; without an answer the code is `unreachable`
 */
async function ask(what, body) {
  try {
    const response = await fetch(`/api/invitations/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, client: client() }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const said = await response.json().catch(() => ({}));
    if (response.ok) return { ok: true, value: said };
    return { ok: false, code: String(said.code ?? 'unreachable'), reason: String(said.detail ?? '') };
  } catch {
    return { ok: false, code: 'unreachable', reason: '' };
  }
}

/**
 * Ask what a code is for; nothing is used up.
 *
 * @param {string} code
 * @returns {Promise<Answer<Offer>>}
 */
export const look = (code) => ask('look', { code });

/**
 * Take a seat, or the one this browser has already.
 *
 * @param {{ code: string, name: string, session: string | null }} wanted
 * @returns {Promise<Answer<Admission>>}
 */
export const exchange = (wanted) => ask('exchange', wanted);

/** Where what a page was entered with is kept. @param {string} page */
const keyOf = (page) => `rostrum.invitation.${page}`;

/** @param {string} page @param {{ code: string, name: string, session: string }} invitation it was entered with */
export function keepInvitation(page, invitation) {
  for (const storage of [sessionStorage, localStorage])
    storage.setItem(keyOf(page), JSON.stringify(invitation));
}

/** Let another page of this browser come in by what one page was entered with. @param {string} page @param {string} other */
export function keepInvitationFor(page, other) {
  const kept = sessionStorage.getItem(keyOf(page));
  if (kept) for (const storage of [sessionStorage, localStorage]) storage.setItem(keyOf(other), kept);
}

/**
 * Ask what the invitation kept for a page is for. From then on this tab comes in by it, where it had none of its own.
 *
 * @param {string} page
 * @returns {Promise<Offer | null>} null: there is none, or it is for nothing now
 */
export async function keptOffer(page) {
  const kept = sessionStorage.getItem(keyOf(page)) ?? localStorage.getItem(keyOf(page));
  if (!kept) return null;
  const answer = await look(JSON.parse(kept).code);
  if (!answer.ok) return null;
  sessionStorage.setItem(keyOf(page), kept);
  return answer.value;
}

/**
 * Take the seat that a page's invitation has in another session of its event, for the page's next load.
 *
 * @param {string} page
 * @param {string} session
 * @param {() => boolean} still whether it is still wanted, when it is there
 * @returns {Promise<'seated' | 'shut' | 'later'>} `shut`: the invitation is not for that one; `later`: nobody could be asked
 */
export async function seatIn(page, session, still) {
  const kept = sessionStorage.getItem(keyOf(page));
  if (!kept) return 'shut';
  const wanted = { ...JSON.parse(kept), session };
  const answer = await exchange(wanted);
  if (!answer.ok) return answer.code === 'unreachable' ? 'later' : 'shut';
  if (!still()) return 'later';
  keepToken(page, answer.value.token);
  keepInvitation(page, wanted);
  return 'seated';
}

/**
 * Get a fresh token with the invitation that a page was entered with.
 *
 * @param {string} page
 * @returns {Promise<string | null>} null: there is none, or it gives no token now
 */
export async function tokenAgain(page) {
  const kept = sessionStorage.getItem(keyOf(page)) ?? localStorage.getItem(keyOf(page));
  if (!kept) return null;
  const answer = await exchange(JSON.parse(kept));
  return answer.ok ? answer.value.token : null;
}
