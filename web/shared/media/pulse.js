/**
 * Whether a peer connection still lives. Owns the judgement alone: observations and the time go in, a
 * verdict comes out. Needed because no browser tells soon enough: after the far end dies, ICE says
 * `disconnected` some seconds later, Firefox later still.
 */

/** Time a new connection has until it must be up. */
export const CONNECT_MS = 6000;

/** The same where it was tried without the TURN servers that its answer told of: the next one has them. */
export const STRAIGHT_MS = 2000;

/** Time ICE may be `disconnected` before it is given up; it often comes back within one. */
export const DISCONNECTED_MS = 2000;

/** Silence that means death where bytes had been flowing and should be. */
export const SILENT_MS = 2500;

/** Silence that is enough when there are other signs, such as a relay that has just restarted. */
export const SUSPECT_SILENT_MS = 600;

/** How long such a sign counts. */
export const SUSPECT_MS = 3000;

/** Silence after which ICE may restart where the far end speaks many times a second. */
export const STALLED_MS = 700;

/** The same when something hints at another network. */
export const MOVED_STALLED_MS = 350;

/** Time until the next ICE restart, when the last one has brought nothing, and when it has. */
export const RESTART_AGAIN_MS = 1000;
export const RESTART_REST_MS = 5000;

/** Time an ICE restart that the far end has answered has to bring something: it needs a round trip or two. */
export const RESTART_GRACE_MS = 300;

/** How much of the longest pause is remembered after the next one. */
const FADING = 0.9;

/**
 * @typedef {object} Pulse all times in milliseconds of one clock
 * @property {number} born
 * @property {boolean} connected whether it has ever been up
 * @property {RTCPeerConnectionState} state
 * @property {number} stateSince
 * @property {number} bytes received in all, RTCP counted
 * @property {number | null} movedAt when bytes last grew; null: never
 * @property {number} pause the longest time that bytes lately took to grow again
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
  pause: 0,
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
    pause: bytes > pulse.bytes ? Math.max(now - (pulse.movedAt ?? now), pulse.pause * FADING) : pulse.pause,
  };
}

/**
 * Give the verdict, as the name of what it died of.
 *
 * @param {Pulse} pulse
 * @param {{ now: number, quiet: boolean, suspectedAt: number | null, answeredAt?: number | null,
 *   straight?: boolean }} known `quiet`: silence is normal now; `suspectedAt`: when something else last
 *   hinted at a death; `answeredAt`: when the far end last answered an ICE restart; `straight`: whether
 *   there are ways round that this connection does not know
 * @returns {'failed' | 'never_connected' | 'disconnected' | 'silent' | 'stalled' | null} null: it lives
 */
export function diedOf(pulse, { now, quiet, suspectedAt, answeredAt = null, straight = false }) {
  if (pulse.state === 'failed' || pulse.state === 'closed') return 'failed';
  const patience = straight ? STRAIGHT_MS : CONNECT_MS;
  if (!pulse.connected) return now - pulse.born > patience ? 'never_connected' : null;
  if (pulse.state === 'disconnected' && now - pulse.stateSince > DISCONNECTED_MS) return 'disconnected';
  // The far end is there, and other networks lead to it: building anew is quicker than what browsers do.
  if (answeredAt !== null && (pulse.movedAt ?? 0) < answeredAt && now - answeredAt > RESTART_GRACE_MS) return 'stalled';
  const silence = now - (pulse.movedAt ?? pulse.born);
  const suspected = suspectedAt !== null && suspectedAt >= pulse.born && now - suspectedAt < SUSPECT_MS;
  if (suspected && silence > SUSPECT_SILENT_MS) return 'silent';
  return pulse.movedAt !== null && !quiet && silence > SILENT_MS ? 'silent' : null;
}

/**
 * Say whether ICE should restart: it may cost a request, and never the path in use, so it is tried long
 * before a connection is given up, at a silence that is twice as long as any lately.
 *
 * @param {Pulse} pulse
 * @param {{ now: number, quiet: boolean, talkative: boolean, movedAt: number | null,
 *   restartedAt: number | null }} known `quiet`: silence is normal now; `talkative`: the far end answers
 *   whatever is sent, so its silence alone says something; `movedAt`: when something last hinted at
 *   another network; `restartedAt`: when this was last tried
 */
export function stalled(pulse, { now, quiet, talkative, movedAt, restartedAt }) {
  if (!pulse.connected || pulse.movedAt === null || quiet) return false;
  if (restartedAt !== null) {
    const rest = pulse.movedAt > restartedAt ? RESTART_REST_MS : RESTART_AGAIN_MS;
    if (now - restartedAt < rest) return false;
  }
  const hinted = movedAt !== null && now - movedAt < SUSPECT_MS;
  if (!hinted && !talkative && pulse.state !== 'disconnected') return false;
  const least = hinted ? MOVED_STALLED_MS : STALLED_MS;
  return now - pulse.movedAt > Math.max(least, 2 * pulse.pause);
}

/**
 * Say whether one that was given up has come back by itself.
 *
 * @param {Pulse} pulse
 * @param {number} now
 */
export const recovered = (pulse, now) =>
  pulse.state === 'connected' && pulse.movedAt !== null && now - pulse.movedAt < SUSPECT_SILENT_MS;
