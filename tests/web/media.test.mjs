import assert from 'node:assert/strict';
import { test } from 'node:test';

import { troubleOf } from '../../web/shared/media/devices.js';
import { parseIceServers } from '../../web/shared/media/ice_servers.js';
import { reading } from '../../web/shared/media/level.js';
import * as pulses from '../../web/shared/media/pulse.js';
import { ENDED_MS, HELD_MS, STILL_MS, showing } from '../../web/shared/media/showing.js';

// -- pulse ---------------------------------------------------------------------------------------

const known = { quiet: false, suspectedAt: null };
const flowing = (from, to, step = 300) => {
  let pulse = pulses.newborn(from);
  for (let now = from; now <= to; now += step) {
    pulse = pulses.observe(pulse, { now, state: 'connected', bytes: now + 1 });
  }
  return pulse;
};
const silent = (pulse, now, state = 'connected') => pulses.observe(pulse, { now, state, bytes: pulse.bytes });

test('a connection that never comes up is given up', () => {
  const pulse = silent(pulses.newborn(0), 100, 'connecting');
  assert.equal(pulses.diedOf(pulse, { now: pulses.CONNECT_MS - 1, ...known }), null);
  assert.equal(pulses.diedOf(pulse, { now: pulses.CONNECT_MS + 1, ...known }), 'never_connected');
});

test('silence is death only where bytes had been flowing and should be', () => {
  const pulse = flowing(0, 3000);
  const later = 3000 + pulses.SILENT_MS + 1;
  assert.equal(pulses.diedOf(silent(pulse, later), { now: later, ...known }), 'silent');
  assert.equal(pulses.diedOf(silent(pulse, later), { now: later, quiet: true, suspectedAt: null }), null);
  const idle = silent(pulses.newborn(0), 100);
  assert.equal(pulses.diedOf(idle, { now: 60_000, ...known }), null);
});

test('a hint makes a short silence enough, but not while bytes flow, and not for ever', () => {
  const pulse = silent(flowing(0, 3000), 4000);
  assert.equal(pulses.diedOf(pulse, { now: 4000, ...known }), null);
  assert.equal(pulses.diedOf(pulse, { now: 4000, quiet: true, suspectedAt: 3900 }), 'silent');
  assert.equal(pulses.diedOf(flowing(0, 3900), { now: 4000, quiet: false, suspectedAt: 3900 }), null);
  assert.equal(pulses.diedOf(pulse, { now: 9000, quiet: true, suspectedAt: 3900 }), null);
});

test('a hint from before a connection was born does not count against it', () => {
  const pulse = silent(silent(pulses.newborn(1000), 1100), 2000);
  assert.equal(pulses.diedOf(pulse, { now: 2000, quiet: true, suspectedAt: 900 }), null);
});

test('a short disconnection is waited out, a long one not; failed is failed', () => {
  const pulse = silent(flowing(0, 3000), 3300, 'disconnected');
  assert.equal(pulses.diedOf(pulse, { now: 3400, quiet: true, suspectedAt: null }), null);
  const later = 3300 + pulses.DISCONNECTED_MS + 1;
  assert.equal(pulses.diedOf(pulse, { now: later, quiet: true, suspectedAt: null }), 'disconnected');
  assert.equal(pulses.diedOf(silent(pulse, 3500, 'failed'), { now: 3500, ...known }), 'failed');
});

test('one that was given up and flows again has recovered', () => {
  assert.equal(pulses.recovered(flowing(0, 3000), 3100), true);
  assert.equal(pulses.recovered(flowing(0, 3000), 9000), false);
});

// -- showing -------------------------------------------------------------------------------------

const camera = { lastFrameAt: 1000, cutOff: false, wanted: true, sent: true, sentSince: 0, mayStandStill: false };
const slides = { ...camera, mayStandStill: true };

test('nothing is shown before the first frame, or of an empty stage', () => {
  assert.equal(showing({ ...camera, lastFrameAt: null }, 1000), 'none');
  assert.equal(showing({ ...camera, wanted: false }, 1000), 'none');
});

test('the last picture stays while we ourselves are cut off', () => {
  assert.equal(showing({ ...camera, cutOff: true }, 1000 + STILL_MS + 1), 'held');
  assert.equal(showing({ ...slides, cutOff: true, sent: false, sentSince: 0 }, 600_000), 'held');
});

test('a speaker who is gone is held for a while; one whose camera is off is not', () => {
  const gone = { ...camera, sent: false, sentSince: 1000 };
  assert.equal(showing(gone, 1000 + STILL_MS + 1), 'held');
  assert.equal(showing(gone, 1000 + HELD_MS + 1), 'none');
  assert.equal(showing({ ...camera, sent: true }, 1000 + STILL_MS + 1), 'none');
});

test('slides may stand still as long as somebody sends them', () => {
  assert.equal(showing(slides, 600_000), 'live');
  assert.equal(showing({ ...slides, sent: null }, 600_000), 'none');
});

test('slides go when they were stopped, though their last frames are fresh', () => {
  const stopped = { ...slides, sent: false, sentSince: 1000, lastFrameAt: 3100 };
  assert.equal(showing(stopped, 1000 + ENDED_MS - 1), 'live');
  assert.equal(showing(stopped, 1000 + ENDED_MS + 1000), 'none');
});

// -- what comes from outside ---------------------------------------------------------------------

test('ICE servers are read from Link headers (RFC 9725, section 4.6)', () => {
  const header =
    '<stun:stun.example.net>; rel="ice-server", ' +
    '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="17:a,b"; ' +
    'credential="my\\"Pass,word="; credential-type="password", </terms>; rel="license"';
  assert.deepEqual(parseIceServers(header), [
    { urls: 'stun:stun.example.net' },
    { urls: 'turn:turn.example.net?transport=udp', username: '17:a,b', credential: 'my"Pass,word=' },
  ]);
  assert.deepEqual(parseIceServers(null), []);
  assert.deepEqual(parseIceServers('nonsense'), []);
});

test('device troubles are named by what a person can do about them', () => {
  const error = (name) => new DOMException('', name);
  assert.equal(troubleOf(error('NotAllowedError')), 'denied');
  assert.equal(troubleOf(error('NotFoundError')), 'missing');
  assert.equal(troubleOf(error('OverconstrainedError')), 'missing');
  assert.equal(troubleOf(error('NotReadableError')), 'in_use');
  assert.equal(troubleOf('odd'), 'in_use');
});

test('the meter reads decibels: silence 0, full scale 1, half of the range at -30 dB', () => {
  assert.equal(reading(new Float32Array(64)), 0);
  assert.equal(reading([0, -1, 0.5]), 1);
  assert.ok(Math.abs(reading([10 ** (-30 / 20)]) - 0.5) < 1e-6);
});
