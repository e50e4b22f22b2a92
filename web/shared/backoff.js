/**
 * When to try again. Owns nothing but arithmetic: full jitter over an exponential ceiling, so that a
 * whole audience that lost the same server does not come back in the same instant. Knows no clock and
 * no network; chance is an argument.
 */

/** Ceiling of the first wait, in milliseconds. */
export const FIRST_MS = 300;

/** How much the ceiling grows with a failure: a server that restarts in 3 s is met within about as long. */
const GROWTH = 1.5;

/** Ceiling of any wait of the WebSocket, in milliseconds. */
export const LONGEST_MS = 10_000;

/**
 * Give the wait before a try: uniformly between 0 and the ceiling, which grows with each failure.
 *
 * @param {number} failures tries that have failed in a row, 0 for the first wait
 * @param {number} chance a number in [0, 1)
 * @param {{ first?: number, longest?: number, after?: number }} [limits] milliseconds; `after` is the
 *   least the server asked for (Retry-After), to which the jitter is added
 * @returns {number} milliseconds
 */
export function backoff(failures, chance, { first = FIRST_MS, longest = LONGEST_MS, after = 0 } = {}) {
  const ceiling = Math.min(longest, first * GROWTH ** Math.min(failures, 30));
  return after + chance * ceiling;
}

/**
 * Read a Retry-After header that holds seconds (RFC 9110, section 10.2.3); dates are not used here.
 *
 * @param {string | null} header
 * @returns {number} milliseconds, 0 when absent or not a number, at most 30 s
 */
export function retryAfter(header) {
  const seconds = Number(header ?? '');
  return Number.isFinite(seconds) ? Math.min(30_000, Math.max(0, seconds * 1000)) : 0;
}
