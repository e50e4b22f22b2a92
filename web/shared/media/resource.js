/**
 * One WHIP or WHEP resource, kept alive until it is stopped. Owns the HTTP exchange (RFC 9725,
 * section 4.2), the watch over the peer connection, its ICE restarts, and its rebuilding; the law: the old
 * connection is let go only when the new one has its answer, and a path only when another one works, so
 * that whatever still plays goes on playing. Knows neither tracks nor pictures: what is offered is built by whom it belongs to.
 */

import { backoff, retryAfter } from '../backoff.js';
import { fragmentOf, parseIceServers, restarted } from './ice.js';
import { RESTART_GRACE_MS, diedOf, newborn, observe, recovered, stalled } from './pulse.js';

/** How often the connection is looked at. */
const LOOK_MS = 300;

/** Longest wait between tries: short, because a picture is missing while we wait. */
const LONGEST_MS = 1500;

/** Longest wait after a refusal that trying again will hardly change. */
const REFUSED_MS = 10_000;

/** A connection that lived this long was a sound one: the next try need not wait. */
const SOUND_MS = 3000;

const REQUEST_MS = 4000;

/** Longest time for an ICE restart's request: what takes longer goes the way that is dead. */
const RESTART_MS = 1000;

/** How long an answered restart says that the far end knows us. */
const RECENT_MS = 1500;

/** What says that the network may be another one. @type {EventTarget & { connection?: EventTarget }} */
const device = /** @type {any} */ (navigator);

/**
 * @typedef {{ phase: 'off' | 'connecting' | 'connected' | 'reconnecting' }
 *   | { phase: 'refused', code: string, reason: string }} MediaStatus `code`: the server's, for words in any language
 *
 * @typedef {object} Plan
 * @property {string} url where to POST
 * @property {() => string} token
 * @property {(configuration: RTCConfiguration, again: boolean) => RTCPeerConnection} build makes a connection
 *   with its lines; `again`: because another one has died
 * @property {(peer: RTCPeerConnection) => void} [release] lets a connection go that has been closed
 * @property {(peer: RTCPeerConnection) => void} adopt takes a connection that has its answer
 * @property {() => boolean} quiet whether silence from the far end is normal now
 * @property {boolean} [talkative] whether the far end answers whatever is sent, several times a second
 * @property {(status: MediaStatus) => void} onStatus
 * @property {(report: RTCStatsReport) => void} [onStats] each look
 * @property {() => Promise<void>} [beforeReturn] waited for when a connection has died: stop here to stay away;
 *   `known` tells whether the far end still has it
 */

/** Why a POST did not succeed. `after`: least wait in milliseconds; `final`: asking again will hardly help. */
class Refusal extends Error {
  /**
   * @param {string} reason
   * @param {{ code: string, after: number, final: boolean }} how
   */
  constructor(reason, { code, after, final }) {
    super(reason);
    this.code = code;
    this.after = after;
    this.final = final;
  }
}

/**
 * @typedef {object} Attempt
 * @property {RTCPeerConnection} peer
 * @property {string | null} location
 * @property {import('./pulse.js').Pulse} pulse
 * @property {number | null} restartedAt when ICE was last restarted
 * @property {boolean} restarting
 * @property {number | null} answeredAt when the far end has answered such a restart
 * @property {boolean} straight whether it was built without the ICE servers that its answer told of
 * @property {number} wish the wish it was built for
 * @property {boolean} gone whether the far end has said that it knows nothing of this any more
 */

export class Resource {
  /** @type {Plan} */ #plan;
  /** @type {Attempt | null} */ #current = null;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** @type {number | null} */ #suspectedAt = null;
  /** @type {number | null} */ #movedAt = null;
  /** @type {(() => void) | null} */ #wake = null;
  /** Counts what was asked of the connection's lines: one built before the newest wish is not wanted. */ #wish = 0;
  /** Counts starts, so that a loop that was stopped and one that was started anew never meet. */
  #run = 0;

  /** @param {Plan} plan */
  constructor(plan) {
    this.#plan = plan;
    const moved = () => this.#moved();
    addEventListener('online', moved);
    device.connection?.addEventListener('change', moved);
  }

  /** @returns {RTCPeerConnectionState | 'none'} */
  get peerState() {
    return this.#current?.peer.connectionState ?? 'none';
  }

  get running() {
    return this.#run % 2 === 1;
  }

  /** Join, and stay joined. */
  start() {
    if (this.running) return;
    void this.#keep(++this.#run);
  }

  /** Leave: the far end is told, even from a page that is being closed. */
  stop() {
    if (!this.running) return;
    this.#run++;
    this.#wake?.();
    this.#retire(this.#current);
    this.#current = null;
    this.#plan.onStatus({ phase: 'off' });
  }

  /**
   * Ask the far end whether it still has the newest connection: a fragment for an ICE session that is none
   * changes nothing (RFC 9725, section 4.3.1).
   *
   * @returns {Promise<boolean | null>} null: it cannot be asked
   */
  async known() {
    const { peer, location } = this.#current ?? {};
    if (!peer || !location) return null;
    try {
      const { status } = await this.#patch(location, '"none"', fragmentOf(peer.localDescription?.sdp ?? ''));
      return status === 412 ? true : status === 404 || status === 410 ? false : null;
    } catch {
      return null;
    }
  }

  /** Build another connection, with other lines; the one there is plays on until it is up. */
  renew() {
    this.#wish++;
    this.#wake?.();
  }

  /** Take a hint that the far end may be gone or back: look now, and try now. */
  suspect() {
    this.#suspectedAt = performance.now();
    this.#wake?.();
  }

  /** Take a hint that the network is another one: look now, and soon again. */
  #moved() {
    this.#movedAt = performance.now();
    this.#wake?.();
  }

  /** @param {number} run */
  async #keep(run) {
    let failures = 0;
    let refused = false;
    this.#plan.onStatus({ phase: 'connecting' });
    while (run === this.#run) {
      const asked = performance.now();
      try {
        const next = await this.#offer();
        if (run !== this.#run) return this.#retire(next);
        refused = false;
        if (next.wish !== this.#wish) {
          this.#retire(next);
          continue;
        }
        this.#plan.adopt(next.peer);
        this.#retire(this.#current);
        this.#current = next;
        const life = await this.#watch(run, next);
        if (run !== this.#run) return;
        if (next.wish !== this.#wish) continue;
        this.#plan.onStatus({ phase: 'reconnecting' });
        // Who has just been answered still has their place: it is the path that has ended.
        if (next.answeredAt === null || performance.now() - next.answeredAt > RECENT_MS)
          await this.#plan.beforeReturn?.();
        if (run !== this.#run) return;
        failures = life > SOUND_MS ? 0 : failures + 1;
        if (failures) await this.#sleep(backoff(failures, Math.random(), { longest: LONGEST_MS }));
      } catch (error) {
        if (run !== this.#run) return;
        const refusal = error instanceof Refusal ? error : null;
        refused ||= refusal?.final ?? false;
        if (refusal?.final) this.#plan.onStatus({ phase: 'refused', code: refusal.code, reason: refusal.message });
        const longest = refused ? REFUSED_MS : LONGEST_MS;
        // A hint that came while we asked is newer than the answer: the far end may be back already.
        const hinted = (this.#suspectedAt ?? 0) > asked;
        const limits = hinted ? {} : { longest, after: refusal?.after };
        await this.#sleep(backoff(hinted ? 0 : failures++, Math.random(), limits));
        await this.#keepOld(run);
      }
    }
  }

  /** @returns {Promise<Attempt>} a connection with its answer set */
  async #offer() {
    const { url, token, build } = this.#plan;
    // A relay found through the last answer's Link header serves the next try: the first goes straight.
    const known = this.#iceServers;
    const wish = this.#wish;
    const peer = build({ iceServers: known, bundlePolicy: 'max-bundle' }, !!this.#current);
    /** @type {string | null} */
    let location = null;
    try {
      await peer.setLocalDescription();
      // The far end is ICE-lite and learns our address from our checks: no candidate need be gathered.
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token()}` },
        body: peer.localDescription?.sdp ?? '',
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      if (response.status !== 201) throw await refusalOf(response);
      const path = response.headers.get('Location');
      location = path && new URL(path, response.url).href;
      this.#iceServers = parseIceServers(response.headers.get('Link'));
      await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      const pulse = newborn(performance.now());
      const straight = known.length === 0 && this.#iceServers.length > 0;
      return { peer, location, pulse, straight, restartedAt: null, restarting: false, answeredAt: null, wish, gone: false };
    } catch (error) {
      this.#retire({ peer, location });
      throw error;
    }
  }

  /**
   * Look after a connection until it dies.
   *
   * @param {number} run
   * @param {Attempt} attempt
   * @returns {Promise<number>} how long it lived, in milliseconds; 0 if it was never up
   */
  async #watch(run, attempt) {
    while (run === this.#run) {
      await this.#look(attempt);
      const { pulse } = attempt;
      if (pulse.state === 'connected') this.#plan.onStatus({ phase: 'connected' });
      const now = performance.now();
      const quiet = this.#plan.quiet();
      const { answeredAt, straight } = attempt;
      if (attempt.gone || attempt.wish !== this.#wish) break;
      if (diedOf(pulse, { now, quiet, suspectedAt: this.#suspectedAt, answeredAt, straight })) break;
      const { talkative = false } = this.#plan;
      const known = { now, quiet: quiet && !talkative, talkative, movedAt: this.#movedAt, restartedAt: attempt.restartedAt };
      if (!attempt.restarting && stalled(pulse, known)) void this.#restart(attempt);
      await this.#sleep(LOOK_MS);
    }
    return attempt.pulse.connected ? performance.now() - attempt.pulse.born : 0;
  }

  /**
   * After a failed try, see whether the connection that was given up has come back by itself.
   *
   * @param {number} run
   */
  async #keepOld(run) {
    const old = this.#current;
    if (run !== this.#run || !old) return;
    await this.#look(old);
    if (recovered(old.pulse, performance.now())) await this.#watch(run, old);
  }

  /**
   * Restart ICE by PATCH (RFC 9725, section 4.3.3): new checks on all networks there are now, while the
   * old path stays in use as long as it works.
   *
   * @param {Attempt} attempt
   */
  async #restart(attempt) {
    const { peer, location } = attempt;
    const answer = peer.currentRemoteDescription?.sdp;
    if (!location || !answer || peer.signalingState !== 'stable') return;
    attempt.restarting = true;
    attempt.restartedAt = performance.now();
    try {
      peer.restartIce();
      await peer.setLocalDescription();
      const response = await this.#patch(location, '"*"', fragmentOf(peer.localDescription?.sdp ?? ''));
      attempt.gone = response.status === 404 || response.status === 410;
      const sdp = response.status === 200 ? restarted(answer, await response.text()) : null;
      if (sdp) await peer.setRemoteDescription({ type: 'answer', sdp });
      else await peer.setLocalDescription({ type: 'rollback' });
      if (!sdp) return;
      attempt.answeredAt = performance.now();
      setTimeout(() => this.#wake?.(), RESTART_GRACE_MS + 1);
    } catch {
      // Not answered in time, offline, or closed meanwhile: the path in use stays, what is dead is rebuilt.
      await peer.setLocalDescription({ type: 'rollback' }).catch(() => undefined);
    } finally {
      attempt.restarting = false;
      if (attempt.gone) this.#wake?.();
    }
  }

  /** @param {string} location @param {string} match @param {string} fragment */
  #patch(location, match, fragment) {
    return fetch(location, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/trickle-ice-sdpfrag',
        'If-Match': match,
        Authorization: `Bearer ${this.#plan.token()}`,
      },
      body: fragment,
      signal: AbortSignal.timeout(RESTART_MS),
    });
  }

  /** @param {Attempt} attempt */
  async #look(attempt) {
    const report = await attempt.peer.getStats();
    this.#plan.onStats?.(report);
    const seen = { now: performance.now(), state: attempt.peer.connectionState, bytes: bytesReceived(report) };
    attempt.pulse = observe(attempt.pulse, seen);
  }

  /** @param {{ peer: RTCPeerConnection, location: string | null } | null} attempt */
  #retire(attempt) {
    if (!attempt) return;
    attempt.peer.close();
    this.#plan.release?.(attempt.peer);
    if (!attempt.location) return;
    const headers = { Authorization: `Bearer ${this.#plan.token()}` };
    // keepalive: it goes out although the page is closing. Lost or refused, the far end's consent timer
    // ends it (RFC 7675), so nobody waits for the answer.
    fetch(attempt.location, { method: 'DELETE', headers, keepalive: true }).catch(() => undefined);
  }

  /** @param {number} ms */
  async #sleep(ms) {
    await new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done(undefined);
      };
    });
    this.#wake = null;
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Refusal>}
 */
async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  const reason = typeof problem.detail === 'string' ? problem.detail : `${response.status}`;
  const code = typeof problem.code === 'string' ? problem.code : '';
  const { status } = response;
  const final = status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);
  return new Refusal(reason, { code, after: retryAfter(response.headers.get('Retry-After')), final });
}

/**
 * Count what has arrived on the wire, RTCP included where the browser tells.
 *
 * @param {RTCStatsReport} report
 */
function bytesReceived(report) {
  let [pairs, tracks] = [0, 0];
  report.forEach((stat) => {
    if (stat.type === 'candidate-pair') pairs += stat.bytesReceived ?? 0;
    if (stat.type === 'inbound-rtp') tracks += stat.bytesReceived ?? 0;
  });
  return pairs + tracks;
}
