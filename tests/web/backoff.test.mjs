import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FIRST_MS, LONGEST_MS, backoff, retryAfter } from '../../web/shared/backoff.js';

test('the first wait lies between nothing and the first ceiling', () => {
  assert.equal(backoff(0, 0), 0);
  assert.equal(backoff(0, 0.5), FIRST_MS / 2);
});

test('the ceiling rises with every failure and stops at the longest', () => {
  const ceilings = Array.from({ length: 60 }, (_, failures) => backoff(failures, 1));
  for (let i = 1; i < ceilings.length; i++) assert.ok(ceilings[i] >= ceilings[i - 1]);
  assert.equal(ceilings.at(-1), LONGEST_MS);
  assert.equal(backoff(10_000, 1), LONGEST_MS);
});

test('a server away for three seconds is met within four of its return', () => {
  let [at, failures] = [0, 0];
  while (at < 3000) at += backoff(failures++, 1);
  assert.ok(at - 3000 <= 4000, `${at}`);
});

test('what the server asked for is waited in full, with the jitter on top', () => {
  assert.equal(backoff(0, 0, { after: 2000 }), 2000);
  assert.equal(backoff(0, 1, { after: 2000 }), 2000 + FIRST_MS);
});

test('Retry-After is read in seconds, and nonsense is no wait', () => {
  assert.equal(retryAfter('2'), 2000);
  assert.equal(retryAfter('0.5'), 500);
  assert.equal(retryAfter(null), 0);
  assert.equal(retryAfter('Wed, 21 Oct 2026 07:28:00 GMT'), 0);
  assert.equal(retryAfter('-3'), 0);
  assert.equal(retryAfter('999999'), 30_000);
});
