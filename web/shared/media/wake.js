/**
 * A machine that was asleep: a closed lid stops every timer, and devices are gone or mute afterwards. Owns
 * noticing it, and keeping the screen on while somebody speaks.
 */

const TICK_MS = 1000;

/** A second that took this long was slept through. */
const ASLEEP_MS = 6000;

/**
 * Call back when this machine has been asleep.
 *
 * @param {() => void} woke
 */
export function onWake(woke) {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > ASLEEP_MS) woke();
    last = now;
  }, TICK_MS);
}

/** Keep the screen on as long as `wanted` says so; where the browser cannot, nothing is lost. */
export class WakeLock {
  /** @type {WakeLockSentinel | null} */ #lock = null;
  #wanted = false;

  constructor() {
    // The system takes the lock away from pages nobody sees.
    document.addEventListener('visibilitychange', () => document.hidden || void this.#ask());
  }

  /** @param {boolean} wanted */
  want(wanted) {
    this.#wanted = wanted;
    if (wanted) return void this.#ask();
    void this.#lock?.release().catch(() => undefined);
    this.#lock = null;
  }

  async #ask() {
    if (!this.#wanted || (this.#lock && !this.#lock.released)) return;
    this.#lock = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
  }
}
