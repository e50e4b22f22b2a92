import assert from 'node:assert/strict';
import { test } from 'node:test';

import { calendarOf, dayOf, days, firstDay, present, standing } from '../../web/entrance/day.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const item = (id, offset, more = {}) => ({
  id,
  title: id,
  start: NOON + offset * HOUR,
  end: NOON + (offset + 1) * HOUR,
  zone: 'UTC',
  ...more,
});

test('what runs is live whatever its time, and what is next is the next of every room', () => {
  const late = item('late', -1, { status: 'live' });
  const doors = item('doors', 0.5, { status: 'doors' });
  const over = item('over', -0.5, { status: 'ended' });
  const next = [item('next', 1, { status: 'planned' }), item('parallel', 1)];
  const { live, next: found } = present([late, doors, over, ...next, item('later', 3)], NOON);
  assert.deepEqual(live.map(({ id }) => id), ['late', 'doors']);
  assert.deepEqual(found.map(({ id }) => id), ['next', 'parallel']);
});

test('without a live session, an item runs by the clock', () => {
  assert.deepEqual(present([item('now', 0)], NOON).live.length, 1);
  assert.deepEqual(present([item('now', 0)], NOON + HOUR), { live: [], next: [] });
});

test('what should have begun waits as next; what is late is expected later', () => {
  const waits = item('waits', -0.5, { status: 'planned', expected: { start: NOON, end: NOON + HOUR, late: 1, over: false } });
  const at = present([waits], NOON);
  assert.deepEqual(at.next, [waits]);
  assert.equal(standing(waits, at, NOON), 'next');
});

test('withdrawn is withdrawn, and nobody waits for it', () => {
  const gone = item('gone', 1, { withdrawn: true });
  const at = present([gone], NOON);
  assert.deepEqual(at, { live: [], next: [] });
  assert.equal(standing(gone, at, NOON), 'withdrawn');
});

test('days are the reader’s', () => {
  const late = item('late', 10); // 22:00 UTC, the next day in Shanghai
  assert.equal(dayOf(late.start, 'UTC'), '2026-05-01');
  assert.deepEqual(days([late, item('noon', 0)], 'Asia/Shanghai').map(({ day }) => day), ['2026-05-01', '2026-05-02']);
});

test('the first day shown is today, else the next, else the last', () => {
  const list = [{ day: '2026-05-01' }, { day: '2026-05-03' }];
  assert.equal(firstDay(list, '2026-05-02'), '2026-05-03');
  assert.equal(firstDay(list, '2026-05-01'), '2026-05-01');
  assert.equal(firstDay(list, '2026-06-01'), '2026-05-03');
});

test('a calendar entry has the server’s UID, escapes text and folds long lines', () => {
  const text = calendarOf(item('conf.a', 0, { title: `两个会场, ${'long '.repeat(40)}`, revision: 3 }), {
    room: 'Main; hall',
    people: 'Ada',
    url: 'https://example.org/',
    now: NOON,
  });
  assert.match(text, /\r\nUID:conf\.a@rostrum\r\n/);
  assert.match(text, /\r\nSEQUENCE:3\r\n/);
  assert.match(text, /\r\nLOCATION:Main\\; hall\r\n/);
  assert.match(text, /SUMMARY:两个会场\\, long/);
  for (const line of text.split('\r\n')) assert.ok(new TextEncoder().encode(line).length <= 75, line);
});
