import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comesNext } from '../../web/shared/ui/afterwards.js';

const rooms = [
  { id: 'main', name: 'Main hall' },
  { id: 'two', name: 'Room 2' },
];
const item = (id, start, more = {}) => ({ id, title: id.toUpperCase(), start, end: start + 10, room: 'main', ...more });

test('next is what begins first after now, in the same room where two begin together', () => {
  const items = [item('own', 0), item('later', 60), item('there', 30, { room: 'two' }), item('here', 30)];
  assert.deepEqual(comesNext({ time: 20, rooms, items }, 'own'), { title: 'HERE', start: 30, room: 'Main hall' });
  assert.deepEqual(comesNext({ time: 31, rooms, items }, 'own'), { title: 'LATER', start: 60, room: 'Main hall' });
  assert.equal(comesNext({ time: 61, rooms, items }, 'own'), null);
});

test('what is cancelled, over or running is not next; what is late still is', () => {
  const late = item('late', 10, { status: 'planned', expected: { start: 40, end: 50 } });
  const items = [item('own', 0), item('gone', 30, { withdrawn: true }), item('on', 15, { status: 'live' }), late];
  assert.equal(comesNext({ time: 20, rooms, items }, 'own').title, 'LATE');
  assert.equal(comesNext({ time: 20, items: [item('own', 0), item('over', 30, { status: 'ended' })] }, 'own'), null);
  const doors = item('doors', 10, { status: 'doors', end: 60, room: 'attic' });
  assert.deepEqual(comesNext({ time: 20, rooms, items: [doors] }, 'own'), { title: 'DOORS', start: 10, room: 'attic' });
});

test('for a screen that stays in its room, next is in this room alone, and also what has begun there', () => {
  const next = (time, ...items) => comesNext({ time, rooms, items: [item('own', 10), ...items] }, 'own', true)?.title;
  assert.equal(next(20, item('there', 25, { room: 'two' }), item('gone', 25, { withdrawn: true }), item('here', 30)), 'HERE');
  assert.equal(next(35, item('on', 30, { status: 'live' }), item('later', 60)), 'ON');
  assert.equal(next(35, item('before', 0, { status: 'live' }), item('over', 30, { status: 'ended' })), undefined);
  assert.equal(comesNext({ time: 0, rooms, items: [item('here', 30)] }, 'unknown', true), null);
});
