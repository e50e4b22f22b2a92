/**
 * How the lines of those on stage are: two samples of the relay's counts, some seconds apart, make a judgement.
 * The judgement is pure; `Lines` only asks, and only about those whom the desk has before it.
 */

/**
 * One sample: counts so far, and what can be told of now (openapi.json, PublisherStats).
 *
 * @typedef {{ at: number, bytes: number, packets: number, lost: number, jitter: number | null, round_trip: number | null,
 *   level: number | null, video: boolean, width: number | null, height: number | null }} PublisherStats
 */

import { signal } from '../vendor/signals.js';

/** How often a line is asked about. */
const ASK_MS = 2000;

const ANSWER_MS = 1500;

/** Shares of packets lost from which a line is uneven, and poor (as a pre-flight has it: 1 %, 5 %). */
const LOSS = [0.01, 0.05];

/** The same of the way there and back, in seconds. */
const ROUND_TRIP = [0.3, 0.6];

/** Loudness below which there is no sound, in dB below full scale: a microphone that is off. */
const SILENT_DB = 90;

/**
 * @typedef {object} Line
 * @property {'good' | 'uneven' | 'poor'} grade
 * @property {number | null} rate bit/s
 * @property {number | null} loss share of packets, 0 to 1
 * @property {number | null} roundTrip milliseconds
 * @property {number | null} height of the largest picture, in lines
 * @property {boolean} picture whether one arrives now
 * @property {boolean} silent whether nothing is to be heard
 */

/**
 * Judge a line by two samples of it, the older first.
 *
 * @param {PublisherStats | undefined} before
 * @param {PublisherStats} now
 * @returns {Line}
 */
export function lineOf(before, now) {
  // A publisher that came back counts from nothing again.
  const [rate, loss] =
    before && now.at > before.at && now.packets >= before.packets
      ? [(8 * (now.bytes - before.bytes)) / (now.at - before.at), lossOf(before, now)]
      : [null, null];
  const worst = Math.max(beyond(loss, LOSS), beyond(now.round_trip, ROUND_TRIP));
  return {
    grade: /** @type {const} */ (['good', 'uneven', 'poor'])[worst] ?? 'poor',
    rate,
    loss,
    roundTrip: now.round_trip === null ? null : Math.round(1000 * now.round_trip),
    height: now.height,
    picture: now.video,
    silent: now.level !== null && now.level > SILENT_DB,
  };
}

/** @param {PublisherStats} before @param {PublisherStats} now */
function lossOf(before, now) {
  const lost = Math.max(0, now.lost - before.lost);
  const expected = lost + now.packets - before.packets;
  return expected ? lost / expected : null;
}

/** @param {number | null} value @param {readonly number[]} limits */
const beyond = (value, limits) => limits.filter((limit) => value !== null && value > limit).length;

/** The lines of some people, as the relay has them. */
export class Lines {
  /** @type {import('../vendor/signals.js').Signal<Readonly<Record<string, Line>>>} */
  known = signal({});

  /** @type {Map<string, PublisherStats>} */ #samples = new Map();

  /**
   * @param {{ session: string, token: () => string, wanted: () => readonly string[] }} how `wanted`: whose lines
   */
  constructor({ session, token, wanted }) {
    const ask = async () => {
      const ids = wanted();
      const found = await Promise.all(ids.map((id) => sample(session, id, token())));
      /** @type {Record<string, Line>} */
      const known = {};
      ids.forEach((id, i) => {
        const now = found[i];
        if (!now) return;
        known[id] = lineOf(this.#samples.get(id), now);
        this.#samples.set(id, now);
      });
      for (const id of this.#samples.keys()) if (!ids.includes(id)) this.#samples.delete(id);
      this.known.value = known;
      setTimeout(ask, ASK_MS);
    };
    void ask();
  }
}

/**
 * @param {string} session
 * @param {string} participant
 * @param {string} token
 * @returns {Promise<PublisherStats | null>} null where nothing can be told now
 */
async function sample(session, participant, token) {
  try {
    const answer = await fetch(`/api/sessions/${session}/lines/${encodeURIComponent(participant)}`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
