/**
 * The code that lets phones in the hall in, as the server gives it to a hall's screen. Owns asking for it,
 * and again: one that was withdrawn has become another. The law: an old code goes as soon as it is known to
 * be none; while nobody can be asked, the last one stands.
 */

/** @import { LiveSession } from '../shared/session.js' */

import { effect, signal } from '../vendor/signals.js';

const AGAIN_MS = 60_000;
const SOON_MS = 5000;
const REQUEST_MS = 6000;

/**
 * Keep the door's code, for as long as the page lives.
 *
 * @param {LiveSession} session
 * @returns {import('../vendor/signals.js').Signal<{ link: string, qr: string } | null>} null: none is to be shown
 */
export function doorOf(session) {
  /** @type {import('../vendor/signals.js').Signal<{ link: string, qr: string } | null>} */
  const door = signal(null);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const ask = async () => {
    clearTimeout(timer);
    const answer = await asked(session);
    if (answer !== 'unreachable') door.value = answer;
    clearTimeout(timer);
    timer = setTimeout(ask, answer === 'unreachable' ? SOON_MS : AGAIN_MS);
  };
  let status = '';
  effect(() => {
    const now = session.status.value.phase === 'open' ? (session.state.value.session?.status ?? '') : '';
    if (now && now !== status) void ask();
    status = now;
  });
  return door;
}

/**
 * @param {LiveSession} session
 * @returns {Promise<{ link: string, qr: string } | 'unreachable' | null>}
 */
async function asked(session) {
  try {
    const response = await fetch(`/api/sessions/${session.id}/door`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${session.token()}` },
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    if (response.ok) return await response.json();
    return response.status === 401 || response.status >= 500 ? 'unreachable' : null;
  } catch {
    return 'unreachable';
  }
}
