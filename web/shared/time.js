/**
 * Times as people read them. Owns formatting and the estimate of the server's clock; both are pure but for
 * the language that is spoken.
 * Times are milliseconds since 1970; what is shown is always the server's time, in the reader's zone.
 */

import { language } from './words.js';

/**
 * Format a length of time: `0:07`, `12:34`, `1:02:03`.
 *
 * @param {number} ms milliseconds; below zero counts as zero
 */
export function duration(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, '0')}:${String(seconds).padStart(2, '0')}`;
  return hours ? `${hours}:${tail}` : tail;
}

/**
 * Format a time of day: `14:05`, or with seconds `14:05:09`.
 *
 * @param {number} at milliseconds since 1970
 * @param {{ seconds?: boolean, zone?: string }} [how] zone: an IANA name, the reader's own by default
 */
export function timeOfDay(at, { seconds = false, zone } = {}) {
  const key = `${language.value} ${seconds} ${zone}`;
  const how = clocks.get(key) ?? clockOf(seconds, zone);
  clocks.set(key, how);
  return how.format(at);
}

/**
 * Format when something begins: a time of day, with its date where that is not today.
 *
 * @param {number} at milliseconds since 1970
 * @param {number} [now] milliseconds since 1970
 */
export function beginning(at, now = Date.now()) {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return timeOfDay(at);
  return new Intl.DateTimeFormat(language.value, {
    hourCycle: 'h23',
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
}

/** One of these is as dear as a hundred of the times it writes. @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {boolean} seconds @param {string | undefined} zone */
const clockOf = (seconds, zone) =>
  new Intl.DateTimeFormat(language.value, {
    hourCycle: 'h23', // as on a stage timer, in every language
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    ...(zone ? { timeZone: zone } : {}),
  });

/**
 * One answered ping: when it left and came back by our clock, and the server's time in between.
 *
 * @typedef {{ sent: number, received: number, server: number }} Sample
 */

/** Answers kept for the estimate; old ones go, because clocks drift and laptops sleep. */
export const SAMPLES = 8;

/**
 * Add a sample, forgetting the oldest.
 *
 * @param {readonly Sample[]} samples
 * @param {Sample} sample
 * @returns {Sample[]}
 */
export function addSample(samples, sample) {
  return [...samples, sample].slice(-SAMPLES);
}

/**
 * Estimate the server's clock minus ours, from the fastest round trip known (as NTP does, RFC 5905
 * section 10): the shorter the trip, the less its two halves can differ.
 *
 * @param {readonly Sample[]} samples
 * @returns {number} milliseconds; 0 without samples
 */
export function clockOffset(samples) {
  if (!samples.length) return 0;
  const best = samples.reduce((a, b) => (b.received - b.sent < a.received - a.sent ? b : a));
  return best.server - (best.sent + best.received) / 2;
}
