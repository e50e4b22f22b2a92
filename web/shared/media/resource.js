/**
 * One WHIP or WHEP resource, kept alive until it is stopped. Owns the HTTP exchange (RFC 9725,
 * section 4.2), the watch over the peer connection, and its rebuilding; the law: the old connection
 * is let go only when the new one has its answer, so that whatever still plays goes on playing.
 * Knows neither tracks nor pictures: what is offered is built by whom it belongs to.
 */

import { backoff, retryAfter } from '../backoff.js';
import { parseIceServers } from './ice_servers.js';
import { diedOf, newborn, observe, recovered } from './pulse.js';

/** How often the connection is looked at. */
const LOOK_MS = 300;

/** Longest wait between tries: short, because a picture is missing while we wait. */
const LONGEST_MS = 1500;

/** Longest wait after a refusal that trying again will hardly change. */
const REFUSED_MS = 10_000;

/** A connection that lived this long was a sound one: the next try need not wait. */
const SOUND_MS = 3000;

const REQUEST_MS = 4000;

/**
 * @typedef {{ phase: 'off' | 'connecting' | 'connected' | 'reconnecting' }
 *   | { phase: 'refused', reason: string }} MediaStatus
 *
 * @typedef {object} Plan
 * @property {string} url where to POST
 * @property {() => string} token
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} build makes a connection with its lines
 * @property {(peer: RTCPeerConnection) => void} adopt takes a connection that has its answer
 * @property {() => boolean} quiet whether silence from the far end is normal now
 * @property {(status: MediaStatus) => void} onStatus
 * @property {(report: RTCStatsReport) => void} [onStats] each look
 * @property {() => Promise<void>} [beforeReturn] waited for when a connection has died: stop here to stay away
 */

/** Why a POST did not succeed. `after`: least wait in milliseconds; `final`: asking again will hardly help. */
class Refusal extends Error {
  /**
   * @param {string} reason
   * @param {{ after: number, final: boolean }} how
   */
  constructor(reason, { after, final }) {
    super(reason);
    this.after = after;
    this.final = final;
  }
}

/** @typedef {{ peer: RTCPeerConnection, location: string | null, pulse: import('./pulse.js').Pulse }} Attempt */

export class Resource {
  /** @type {Plan} */ #plan;
  /** @type {Attempt | null} */ #current = null;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** @type {number | null} */ #suspectedAt = null;
  /** @type {(() => void) | null} */ #wake = null;
  /** Counts starts, so that a loop that was stopped and one that was started anew never meet. */
  #run = 0;

  /** @param {Plan} plan */
  constructor(plan) {
    this.#plan = plan;
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

  /** Take a hint that the far end may be gone or back: look now, and try now. */
  suspect() {
    this.#suspectedAt = performance.now();
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
        this.#plan.adopt(next.peer);
        this.#retire(this.#current);
        this.#current = next;
        const life = await this.#watch(run, next);
        if (run !== this.#run) return;
        this.#plan.onStatus({ phase: 'reconnecting' });
        await this.#plan.beforeReturn?.();
        if (run !== this.#run) return;
        failures = life > SOUND_MS ? 0 : failures + 1;
        if (failures) await this.#sleep(backoff(failures, Math.random(), { longest: LONGEST_MS }));
      } catch (error) {
        if (run !== this.#run) return;
        const refusal = error instanceof Refusal ? error : null;
        refused ||= refusal?.final ?? false;
        if (refusal?.final) this.#plan.onStatus({ phase: 'refused', reason: refusal.message });
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
    const peer = build({ iceServers: this.#iceServers, bundlePolicy: 'max-bundle' });
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
      return { peer, location, pulse: newborn(performance.now()) };
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
      const quiet = this.#plan.quiet();
      if (diedOf(pulse, { now: performance.now(), quiet, suspectedAt: this.#suspectedAt })) break;
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
  const { status } = response;
  const final = status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);
  return new Refusal(reason, { after: retryAfter(response.headers.get('Retry-After')), final });
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
