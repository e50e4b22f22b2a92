import assert from 'node:assert/strict';
import { test } from 'node:test';

import { handsInHall, reach, roomOf, voice } from '../../web/av/reach.js';
import { usable } from '../../web/shared/media/output.js';
import { EMPTY, reduce } from '../../web/shared/store.js';

const ada = { id: 'sp-1', name: 'Ada', role: 'speaker' };
const kim = { id: 'v-1', name: 'Kim', role: 'viewer', place: 'online' };
const ming = { id: 'guest:1', name: '明慧', role: 'viewer', place: 'hall' };
const room = (live) => ({ participant: 'hall', source: 'hall', audio: true, video: true, live });
const hand = (person, state) => ({ id: `h-${person.id}`, person, at: 0, since: 0, state });

/** A live session of which the relay says this. */
const state = ({ publications = [room(true)], hallTo = [], floor = {}, session = {}, air = { version: 0 } } = {}) => ({
  ...reduce({ ...EMPTY, air }, { type: 'media', relay: true, publications, hall_to: hallTo }),
  session: { id: 's', title: 'T', status: 'live', created: 0, ...session },
  floor: { ...EMPTY.floor, ...floor },
});

test('nobody is named who is not sent the hall', () => {
  assert.deepEqual(reach(state({ hallTo: [ada] }), false), { is: 'off', people: [] });
  assert.deepEqual(reach(state({ publications: [], hallTo: [ada] }), true), { is: 'coming', people: [] });
  assert.deepEqual(reach(state({ publications: [room(false)], hallTo: [ada] }), true), { is: 'coming', people: [] });
  assert.deepEqual(reach(state(), true), { is: 'nobody', people: [] });
  assert.deepEqual(reach(state({ hallTo: [ada] }), true), { is: 'some', people: [ada] });
  assert.equal(roomOf(state({ publications: [{ ...room(true), participant: 'sp-1' }] })), undefined);
});

test('everybody is said only while the floor is the hall’s and the stage is seen', () => {
  const speaking = hand(ming, 'speaking');
  assert.equal(reach(state({ floor: { speaking } }), true).is, 'everybody');
  assert.equal(reach(state({ floor: { speaking: hand(kim, 'speaking') } }), true).is, 'nobody');
  assert.equal(reach(state({ floor: { called: hand(ming, 'called') } }), true).is, 'nobody');
  assert.equal(reach(state({ floor: { speaking }, session: { status: 'paused' } }), true).is, 'nobody');
  assert.equal(reach(state({ floor: { speaking }, air: { version: 1, slate: '' } }), true).is, 'nobody');
  assert.equal(reach(state({ floor: { speaking }, publications: [] }), true).is, 'coming');
  assert.equal(voice(state({ floor: { speaking } })), ming);
});

test('the hands of the hall are those of the hall, in their order', () => {
  const floor = { speaking: hand(ming, 'speaking'), line: [hand(kim), hand({ ...ming, id: 'guest:2' })] };
  assert.deepEqual(handsInHall(state({ floor })).map(({ person }) => person.id), ['guest:1', 'guest:2']);
  assert.deepEqual(handsInHall(state()), []);
});

test('an output that was unplugged leaves the sound to the system’s own, until it is back', () => {
  const there = [{ deviceId: 'a' }, { deviceId: 'b' }];
  assert.equal(usable('b', there), 'b');
  assert.equal(usable('c', there), '');
  assert.equal(usable('', there), '');
  assert.equal(usable('b', []), '');
});

test('a break that says until when is counted down to, and forgotten when it is over', () => {
  const live = { ...state(), epoch: 1, seq: 1 };
  const told = (seq, event) => ({ type: 'events', epoch: 1, seq, events: [{ seq, at: seq, by: 'p', ...event }] });
  let now = reduce(live, told(2, { type: 'session.paused', until: 900 }));
  assert.deepEqual([now.session.status, now.session.paused, now.session.resumes], ['paused', 2, 900]);
  now = reduce(now, told(3, { type: 'session.paused', until: 1200 }));
  assert.deepEqual([now.session.paused, now.session.resumes], [2, 1200]);
  now = reduce(now, told(4, { type: 'session.resumed' }));
  assert.deepEqual([now.session.status, now.session.paused, now.session.resumes], ['live', undefined, undefined]);
});
