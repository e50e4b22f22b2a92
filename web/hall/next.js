/**
 * What comes next in this room, once the session is over. Owns the asking, again and again, for as long as that is so;
 * and that a screen nobody touches goes on to it by itself. The law: a session that is not over is never left, and the
 * next one is gone to when its doors are opened or it has begun, not by the clock.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Programme } from '../entrance/day.js' */
/** @import { Next } from '../shared/ui/afterwards.js' */

import { seatIn } from '../shared/invitation.js';
import { isOver } from '../shared/selectors.js';
import { readClaims } from '../shared/token.js';
import { comesNext } from '../shared/ui/afterwards.js';
import { computed, effect, signal } from '../vendor/signals.js';
import { goesOn } from './board.js';

/** A room's screens do not all ask in the same moment: after this, and up to as much more. */
const AGAIN_MS = 5000;
const REQUEST_MS = 6000;

/**
 * Keep what comes next, for as long as the page lives.
 *
 * @param {LiveSession} session
 * @param {boolean} kiosk whether the screen goes there by itself
 * @returns {import('../vendor/signals.js').Signal<Next | null>}
 */
export function nextOf(session, kiosk) {
  /** @type {import('../vendor/signals.js').Signal<Next | null>} */
  const next = signal(null);
  const event = computed(() => {
    const about = session.state.value.session;
    return about && isOver(about.status) ? (about.programme?.event ?? '') : '';
  });
  /** Sessions this screen was not let into. @type {Set<string>} */
  const shut = new Set();
  effect(() => {
    const of = event.value;
    next.value = null;
    if (!of) return undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let wanted = true;
    const ask = async () => {
      const programme = await listed(session, of);
      if (!wanted) return;
      if (programme) next.value = comesNext(programme, session.id, true);
      const to = kiosk && programme ? goesOn(programme.items.filter(({ id }) => !shut.has(id)), session.id) : null;
      if (to) {
        const went = await go(session, to.id, () => wanted);
        if (went === 'shut') shut.add(to.id);
        if (went === 'gone') return;
      }
      if (wanted) timer = setTimeout(ask, AGAIN_MS * (1 + Math.random()));
    };
    void ask();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  });
  return next;
}

/**
 * @param {LiveSession} session
 * @param {string} event
 * @returns {Promise<Programme | null>} null: nobody has answered
 */
async function listed(session, event) {
  try {
    const response = await fetch(`/api/events/${encodeURIComponent(event)}/programme`, {
      headers: { Authorization: `Bearer ${session.token()}` },
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // Then the thanks stand alone.
  }
}

/**
 * Go to another session's screen: with the seat in it that the invitation gives, or with an owner's token.
 *
 * @param {LiveSession} session
 * @param {string} to
 * @param {() => boolean} still whether its own session is over yet
 * @returns {Promise<'gone' | 'shut' | 'later'>}
 */
async function go(session, to, still) {
  if (readClaims(session.token())?.session === '*') {
    const there = new URL(location.href);
    there.searchParams.set('session', to);
    location.replace(there);
    return 'gone';
  }
  const seat = await seatIn('hall', to, still);
  if (seat === 'seated') location.reload();
  return seat === 'seated' ? 'gone' : seat;
}
