import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SAMPLES, addSample, beginning, clockOffset, duration, timeOfDay } from '../../web/shared/time.js';

test('lengths of time read as on a stage timer', () => {
  assert.equal(duration(0), '0:00');
  assert.equal(duration(7_999), '0:07');
  assert.equal(duration(754_000), '12:34');
  assert.equal(duration(3_723_000), '1:02:03');
  assert.equal(duration(-5), '0:00');
});

test('times of day have two digits and the asked zone', () => {
  assert.equal(timeOfDay(0, { zone: 'UTC' }), '00:00');
  assert.equal(timeOfDay(5_000, { seconds: true, zone: 'Asia/Taipei' }), '08:00:05');
});

test('what begins on another day says on which', () => {
  const noon = new Date(2026, 10, 25, 12).getTime();
  assert.equal(beginning(noon, noon - 3_600_000), '12:00');
  assert.match(beginning(noon + 86_400_000, noon), /Thu.*Nov.*26.*12:00/);
  assert.match(beginning(noon, noon + 365 * 86_400_000), /Wed.*Nov.*25.*12:00/);
});

test('the clock is set by the fastest round trip', () => {
  const slow = { sent: 0, received: 2000, server: 9000 };
  const fast = { sent: 5000, received: 5020, server: 10_010 };
  assert.equal(clockOffset([]), 0);
  assert.equal(clockOffset([slow, fast]), 5000);
});

test('old samples are forgotten', () => {
  const samples = Array.from({ length: 20 }, (_, i) => ({ sent: i, received: i, server: i }));
  const kept = samples.reduce(addSample, []);
  assert.equal(kept.length, SAMPLES);
  assert.equal(kept.at(-1).sent, 19);
});
