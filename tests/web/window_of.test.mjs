import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BEYOND, windowOf } from '../../web/shared/ui/window_of.js';

const rows = (n, height = 50) => Array.from({ length: n }, () => height);

test('nothing is drawn of nothing', () => {
  assert.deepEqual(windowOf([], { top: 0, height: 500 }), { from: 0, to: 0, before: 0, after: 0 });
});

test('few rows of many are drawn, and the rest keeps its place', () => {
  const heights = rows(2000);
  const { from, to, before, after } = windowOf(heights, { top: 50_000, height: 500 });
  assert.ok(to - from <= (500 + 2 * BEYOND) / 50 + 2);
  assert.ok(before <= 50_000 - BEYOND && before + (to - from) * 50 >= 50_500 + BEYOND);
  assert.equal(before + (to - from) * 50 + after, 100_000);
});

test('a view beyond the end is the end', () => {
  const { from, to, after } = windowOf(rows(100), { top: Infinity, height: 500 });
  assert.deepEqual([to, after], [100, 0]);
  assert.ok(from > 70);
});

test('whatever the heights, the view is covered', () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  for (let round = 0; round < 200; round++) {
    const heights = Array.from({ length: Math.ceil(random() * 300) }, () => 20 + random() * 400);
    const whole = heights.reduce((a, b) => a + b, 0);
    const view = { top: random() * whole, height: 600 };
    const { from, to, before, after } = windowOf(heights, view);
    const drawn = heights.slice(from, to).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(before + drawn + after - whole) < 0.001);
    const top = Math.max(0, Math.min(view.top, whole - view.height));
    assert.ok(before <= top);
    assert.ok(before + drawn >= Math.min(whole, top + view.height) - 0.001);
  }
});
