/**
 * A screen that nobody touches: it stays on, fills itself where it may, and finds back from whatever has
 * closed it. Owns no part of what is shown.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { effect } from '../vendor/signals.js';
import { WakeLock } from '../shared/media/wake.js';

/** A page that was closed has nothing left to show: it asks again after this, and up to as much more. */
const CLOSED_MS = 20_000;

/**
 * Keep this screen, for as long as the page lives.
 *
 * @param {LiveSession} session
 * @param {Viewer} viewer
 * @param {boolean} kiosk whether nobody is there to help
 */
export function keepScreen(session, viewer, kiosk) {
  new WakeLock().want(true);
  if (!kiosk) return;
  fill();
  // Where the browser waits for a hand, the first one on any key or button will do for both.
  for (const name of ['pointerdown', 'keydown']) {
    addEventListener(name, () => {
      fill();
      if (viewer.soundBlocked.peek()) viewer.playSound();
    });
  }
  effect(() => {
    if (session.status.value.phase !== 'closed') return undefined;
    const timer = setTimeout(() => location.reload(), CLOSED_MS * (1 + Math.random()));
    return () => clearTimeout(timer);
  });
}

/** Fill the screen; refused without a hand where the browser was not started as a kiosk, and then it is not needed. */
export function fill() {
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => undefined);
}
