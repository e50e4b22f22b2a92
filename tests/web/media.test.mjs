import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openDevices, openOnce, troubleOf } from '../../web/shared/media/devices.js';
import { fragmentOf, parseIceServers, restarted } from '../../web/shared/media/ice.js';
import { reading } from '../../web/shared/media/level.js';
import * as pulses from '../../web/shared/media/pulse.js';
import { ENDED_MS, HELD_MS, STILL_MS, showing } from '../../web/shared/media/showing.js';
import { signal } from '../../web/vendor/signals.js';

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

test('one that knows no way round is given up sooner where there are some', () => {
  const pulse = silent(pulses.newborn(0), 100, 'connecting');
  const verdict = (now) => pulses.diedOf(pulse, { now, ...known, straight: true });
  assert.equal(verdict(pulses.STRAIGHT_MS - 1), null);
  assert.equal(verdict(pulses.STRAIGHT_MS + 1), 'never_connected');
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

const still = { quiet: false, talkative: true, movedAt: null, restartedAt: null };

test('ICE restarts at a silence that is twice as long as any lately', () => {
  const busy = flowing(0, 3000);
  assert.equal(pulses.stalled(busy, { ...still, now: 3000 + pulses.STALLED_MS - 1 }), false);
  assert.equal(pulses.stalled(busy, { ...still, now: 3000 + pulses.STALLED_MS + 1 }), true);
  const slow = flowing(0, 6000, 1000);
  assert.equal(pulses.stalled(slow, { ...still, now: 7900 }), false);
  assert.equal(pulses.stalled(slow, { ...still, now: 8100 }), true);
});

test('a long pause is forgotten in time', () => {
  let pulse = flowing(0, 3000);
  pulse = pulses.observe(pulse, { now: 5000, state: 'connected', bytes: 5001 });
  assert.equal(pulses.stalled(pulse, { ...still, now: 6500 }), false);
  for (let now = 5300; now <= 12_500; now += 300) {
    pulse = pulses.observe(pulse, { now, state: 'connected', bytes: now + 1 });
  }
  assert.equal(pulses.stalled(pulse, { ...still, now: 12_500 + pulses.STALLED_MS + 1 }), true);
});

test('the silence of one who only sends says nothing, unless the network has changed', () => {
  const viewer = { ...still, talkative: false };
  const [pulse, now] = [flowing(0, 3000), 4000];
  assert.equal(pulses.stalled(pulse, { ...viewer, now }), false);
  assert.equal(pulses.stalled(pulse, { ...viewer, now, movedAt: 3500 }), true);
  assert.equal(pulses.stalled(pulse, { ...viewer, now, movedAt: 3500, quiet: true }), false);
  assert.equal(pulses.stalled(silent(pulse, 3900, 'disconnected'), { ...viewer, now }), true);
  assert.equal(pulses.stalled(pulses.newborn(0), { ...still, now, movedAt: 3500 }), false);
});

test('ICE restarts are spaced, more so when the last one has helped', () => {
  const pulse = flowing(0, 3000);
  assert.equal(pulses.stalled(pulse, { ...still, now: 4500, restartedAt: 3900 }), false);
  assert.equal(pulses.stalled(pulse, { ...still, now: 5000, restartedAt: 3900 }), true);
  const helped = flowing(0, 5000);
  assert.equal(pulses.stalled(helped, { ...still, now: 6000, restartedAt: 3900 }), false);
  assert.equal(pulses.stalled(helped, { ...still, now: 9000, restartedAt: 3900 }), true);
});

test('a restart that was answered and brings nothing ends a connection', () => {
  const pulse = flowing(0, 3000);
  const verdict = (now, answeredAt) => pulses.diedOf(pulse, { now, ...known, quiet: true, answeredAt });
  assert.equal(verdict(4000 + pulses.RESTART_GRACE_MS - 1, 4000), null);
  assert.equal(verdict(4000 + pulses.RESTART_GRACE_MS + 1, 4000), 'stalled');
  assert.equal(verdict(4000, 2000), null, 'bytes came after it');
});

// -- ICE restart ---------------------------------------------------------------------------------

const sdp = (...sections) => `${sections.flat().join('\r\n')}\r\n`;

test('what is sent of an offer is its credentials and candidates, once (RFC 8840, section 9)', () => {
  const head = ['v=0', 's=-', 'a=group:BUNDLE 0 1'];
  const line = (mid) => [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    `a=mid:${mid}`,
    'a=ice-ufrag:me',
    'a=ice-pwd:secret',
    'a=ice-options:trickle',
    'a=candidate:1 1 udp 7 192.0.2.1 9 typ host',
  ];
  assert.equal(
    fragmentOf(sdp(head, line(0), line(1))),
    sdp(
      'a=ice-ufrag:me',
      'a=ice-pwd:secret',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      'a=candidate:1 1 udp 7 192.0.2.1 9 typ host',
    ),
  );
});

test('an answer takes new credentials in each section that has some, and keeps the rest', () => {
  const line = (ice) => ['m=video 7000 UDP/TLS/RTP/SAVPF 96', ...ice, 'a=setup:passive', 'a=recvonly'];
  const old = ['a=ice-ufrag:old', 'a=ice-pwd:older', 'a=candidate:1 1 udp 1 192.0.2.1 1 typ host'];
  const fresh = ['a=ice-ufrag:new', 'a=ice-pwd:newer', 'a=candidate:1 1 udp 1 192.0.2.9 9 typ host', 'a=end-of-candidates'];
  const renew = (ice) => ['m=video 7000 UDP/TLS/RTP/SAVPF 96', 'a=setup:passive', 'a=recvonly', ...ice];
  const rejected = ['m=video 0 UDP/TLS/RTP/SAVPF 96', 'a=inactive'];
  const head = ['v=0', 's=-', 'a=ice-lite'];
  assert.equal(
    restarted(sdp(head, line(old), rejected, line(old)), sdp('a=ice-lite', fresh)),
    sdp(head, renew(fresh), rejected, renew(fresh)),
  );
  assert.equal(restarted(sdp(head, line(old)), 'a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n'), null);
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

// -- devices -------------------------------------------------------------------------------------

test('no device is asked for before the server lets one in, though a lid opens or one is plugged in', async (t) => {
  const asked = [];
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () => [],
    getUserMedia: async (wanted) => {
      asked.push(Object.keys(wanted)[0]);
      throw new DOMException('', 'NotFoundError');
    },
  });
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices }, configurable: true });
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined };
  t.after(() => {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else delete globalThis.navigator;
    delete globalThis.localStorage;
  });
  const can = signal([]);
  const devices = openDevices();
  openOnce(devices, () => can.value.includes('whip:camera'));
  const settled = () => new Promise((done) => setImmediate(done));
  // As the pages do when a machine wakes, when devices change, and when somebody chooses one.
  for (const device of Object.values(devices)) await device.open();
  mediaDevices.dispatchEvent(new Event('devicechange'));
  await devices.camera.choose('usb');
  await settled();
  assert.deepEqual(asked, []);
  can.value = ['whip:camera'];
  await settled();
  assert.deepEqual(asked, ['video', 'audio']);
  mediaDevices.dispatchEvent(new Event('devicechange'));
  await settled();
  assert.deepEqual(asked, ['video', 'audio', 'video', 'audio']);
});
