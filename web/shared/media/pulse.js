/**
 * Whether a peer connection still lives. Owns the judgement alone: observations and the time go in, a
 * verdict comes out. Needed because no browser tells soon enough: after the far end dies, ICE says
 * `disconnected` some seconds later, Firefox later still.
 */

/** Time a new connection has until it must be up. */
export const CONNECT_MS = 6000;

/** Time ICE may be `disconnected` before it is given up; it often comes back within one. */
export const DISCONNECTED_MS = 2000;

/** Silence that means death where bytes had been flowing and should be. */
export const SILENT_MS = 2500;

/** Silence that is enough when there are other signs, such as a relay that has just restarted. */
export const SUSPECT_SILENT_MS = 600;

/** How long such a sign counts. */
export const SUSPECT_MS = 3000;

/**
 * @typedef {object} Pulse all times in milliseconds of one clock
 * @property {number} born
 * @property {boolean} connected whether it has ever been up
 * @property {RTCPeerConnectionState} state
 * @property {number} stateSince
 * @property {number} bytes received in all, RTCP counted
 * @property {number | null} movedAt when bytes last grew; null: never
 */

/**
 * @param {number} now
 * @returns {Pulse}
 */
export const newborn = (now) => ({
  born: now,
  connected: false,
  state: 'new',
  stateSince: now,
  bytes: 0,
  movedAt: null,
});

/**
 * Take in what was seen.
 *
 * @param {Pulse} pulse
 * @param {{ now: number, state: RTCPeerConnectionState, bytes: number }} seen
 * @returns {Pulse}
 */
export function observe(pulse, { now, state, bytes }) {
  return {
    born: pulse.born,
    connected: pulse.connected || state === 'connected',
    state,
    stateSince: state === pulse.state ? pulse.stateSince : now,
    bytes,
    movedAt: bytes > pulse.bytes ? now : pulse.movedAt,
  };
}

/**
 * Give the verdict, as the name of what it died of.
 *
 * @param {Pulse} pulse
 * @param {{ now: number, quiet: boolean, suspectedAt: number | null }} known `quiet`: silence is
 *   normal now; `suspectedAt`: when something else last hinted at a death
 * @returns {'failed' | 'never_connected' | 'disconnected' | 'silent' | null} null: it lives
 */
export function diedOf(pulse, { now, quiet, suspectedAt }) {
  if (pulse.state === 'failed' || pulse.state === 'closed') return 'failed';
  if (!pulse.connected) return now - pulse.born > CONNECT_MS ? 'never_connected' : null;
  if (pulse.state === 'disconnected' && now - pulse.stateSince > DISCONNECTED_MS) return 'disconnected';
  const silence = now - (pulse.movedAt ?? pulse.born);
  const suspected = suspectedAt !== null && suspectedAt >= pulse.born && now - suspectedAt < SUSPECT_MS;
  if (suspected && silence > SUSPECT_SILENT_MS) return 'silent';
  return pulse.movedAt !== null && !quiet && silence > SILENT_MS ? 'silent' : null;
}

/**
 * Say whether one that was given up has come back by itself.
 *
 * @param {Pulse} pulse
 * @param {number} now
 */
export const recovered = (pulse, now) =>
  pulse.state === 'connected' && pulse.movedAt !== null && now - pulse.movedAt < SUSPECT_SILENT_MS;
