import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from '../../web/moderate/desk.js';
import { BLANK, draftIntent, inParts, lacks, linesOf, roomLeft } from '../../web/moderate/draft.js';
import { KEYS, LISTED, keyOf } from '../../web/moderate/keys.js';
import { ACTIONS, addressees, after, first, intentOf, mayMerge, order, step, takenIn } from '../../web/moderate/queue.js';
import { FLOOR_KEYS, RATIOS, floorIntent, isAway, ratioKey, ratioOf } from '../../web/moderate/turns.js';
import { EMPTY, reduce } from '../../web/shared/store.js';
import { words } from '../../web/shared/words.js';
import '../../web/shared/words/all.js';
import { signal } from '../../web/vendor/signals.js';

const author = { id: 'v', name: 'V', role: 'viewer' };
const question = (id, state, more = {}) => ({ id, author, text: id, at: 0, state, ...more });
const queue = [
  question('a1', 'answered'),
  question('p1', 'pending'),
  question('k1', 'approved'),
  question('d1', 'dismissed'),
  question('p2', 'pending'),
  question('s1', 'on_screen'),
  question('n1', 'shortlisted'),
  question('a2', 'answered'),
  question('m1', 'merged', { merged_into: 'k1' }),
];
const list = order(queue);

// -- the queue -----------------------------------------------------------------------------------

test('the eye goes from the screen to the waiting, the next, the approved', () => {
  assert.deepEqual(list.map((q) => q.id), ['s1', 'p1', 'p2', 'n1', 'k1']);
});

test('what is done with stands apart, newest first', () => {
  assert.deepEqual(order(queue, 'done').map((q) => q.id), ['a2', 'a1', 'd1', 'm1']);
});

test('chosen questions stand as the room wants them, waiting ones as they came', () => {
  const some = [question('k1', 'approved'), question('k2', 'approved'), question('p1', 'pending'), question('p2', 'pending')];
  assert.deepEqual(order(some, 'queue', { k2: 3, p2: 9 }).map((q) => q.id), ['p1', 'p2', 'k2', 'k1']);
});

test('one begins with what waits for a decision', () => {
  assert.equal(first(list), 'p1');
  assert.equal(first([question('s1', 'on_screen')]), 's1');
  assert.equal(first([]), null);
});

test('j and k walk the queue and stop at its ends', () => {
  assert.equal(step(list, null, 1), 's1');
  assert.equal(step(list, null, -1), 'k1');
  assert.equal(step(list, 'p2', 1), 'n1');
  assert.equal(step(list, 's1', -1), 's1');
  assert.equal(step(list, 'k1', 1), 'k1');
  assert.equal(step([], null, 1), null);
  assert.equal(step(list, 'gone', 1), 's1');
});

test('after a decision the next of the same part is looked at', () => {
  assert.equal(after(list, 'p1', 'approve'), 'p2');
  assert.equal(after(list, 'p2', 'dismiss'), 'p1');
  assert.equal(after(list, 'k1', 'show'), 'k1');
  assert.equal(after(list, 's1', 'begin'), 's1');
  assert.equal(after(list, 'k1', 'dismiss'), 'p1');
  assert.equal(after([question('p1', 'pending')], 'p1', 'dismiss'), null);
});

test('the last question that waited is followed when it is approved', () => {
  assert.equal(after([question('p1', 'pending'), question('k1', 'approved')], 'p1', 'approve'), 'p1');
});

test('a key does only what the question allows', () => {
  const [, pending] = queue;
  assert.deepEqual(intentOf(pending, 'approve'), { type: 'question.approve', question: 'p1' });
  assert.equal(intentOf(pending, 'show'), null);
  assert.deepEqual(intentOf(question('b1', 'answering'), 'answer'), { type: 'question.answered', question: 'b1' });
  assert.deepEqual(intentOf(question('d1', 'dismissed'), 'approve'), { type: 'question.approve', question: 'd1' });
  assert.deepEqual(intentOf(question('m1', 'merged'), 'approve'), { type: 'question.approve', question: 'm1' });
  assert.equal(intentOf(undefined, 'approve'), null);
});

test('doubles are found, and only what is not on screen yet becomes one', () => {
  assert.deepEqual(takenIn(queue, 'k1').map((q) => q.id), ['m1']);
  assert.deepEqual(queue.filter(mayMerge).map((q) => q.id), ['p1', 'k1', 'p2', 'n1']);
});

test('a question may be for who is on stage, and for whom the programme names, each once', () => {
  const ada = { id: 'p-7', name: 'Ada', role: 'speaker', billed: 'ada' };
  const programme = { speakers: [{ id: 'ada', name: 'Ada' }, { id: 'bo', name: 'Bo' }], chairs: [{ id: 'cy', name: 'Cy' }] };
  const state = { ...EMPTY, stage: [ada], session: { programme } };
  assert.deepEqual(addressees(state).map(({ id }) => id), ['p-7', 'bo', 'cy']);
  assert.deepEqual(addressees(EMPTY), []);
});

// -- where one is in it --------------------------------------------------------------------------

function seat(questions, more = {}) {
  const state = signal({ ...EMPTY, session: { id: 't', status: 'live' }, questions, ...more });
  const given = [];
  const command = async (intent) => (given.push(intent), { ok: true, seq: 1 });
  return { state, given, desk: new Desk({ state, command }) };
}

test('keys that follow each other at once each act on the question seen then', () => {
  const { desk, given } = seat([question('p1', 'pending'), question('p2', 'pending'), question('p3', 'pending')]);
  for (const key of ['a', 'd', 'k', 'a']) assert.equal(desk.press(key), true);
  assert.deepEqual(given.map(({ type, question: id }) => [type, id]), [
    ['question.approve', 'p1'],
    ['question.dismiss', 'p2'],
    ['question.approve', 'p2'],
  ]);
});

test('one does not go back to a question whose step is on its way', () => {
  const { desk } = seat([question('p1', 'pending'), question('p2', 'pending')]);
  desk.press('a');
  desk.press('a');
  assert.equal(desk.question.value.id, 'p2');
});

test('a question that comes later does not take the place of the one looked at', () => {
  const { desk, state } = seat([question('k1', 'approved')]);
  state.value = { ...state.value, questions: [question('p1', 'pending'), question('k1', 'approved')] };
  assert.equal(desk.question.value.id, 'k1');
});

test('no key acts on what slips into the place of a question that somebody else dealt with', () => {
  const { desk, state, given } = seat([question('p1', 'pending'), question('p2', 'pending')]);
  state.value = { ...state.value, questions: [question('p1', 'dismissed'), question('p2', 'pending')] };
  assert.equal(desk.question.value.id, 'p2');
  assert.equal(desk.press('a'), true);
  assert.deepEqual(given, []);
});

test('a double is merged into the one chosen; its sum is looked at then', async () => {
  const { desk, state, given } = seat([question('k1', 'approved'), question('k2', 'approved')]);
  desk.press('j');
  desk.press('m');
  assert.equal(desk.double.value.id, 'k2');
  assert.equal(desk.question.value.id, 'k1');
  assert.equal(desk.press('a'), false);
  desk.press('Enter');
  await Promise.resolve();
  assert.deepEqual(given, [{ type: 'question.merge', question: 'k2', into: 'k1' }]);
  state.value = { ...state.value, questions: [question('k1', 'approved'), question('k2', 'merged', { merged_into: 'k1' })] };
  assert.equal(desk.double.value, undefined);
  assert.equal(desk.question.value.id, 'k1');
});

test('Escape gives up a merge, and looks at the double again', () => {
  const { desk } = seat([question('k1', 'approved'), question('k2', 'approved')]);
  desk.press('j');
  desk.press('m');
  desk.press('Escape');
  assert.equal(desk.double.value, undefined);
  assert.equal(desk.question.value.id, 'k2');
});

test('what is written at stays, whatever becomes of it meanwhile', () => {
  const { desk, state } = seat([question('p1', 'pending'), question('p2', 'pending')]);
  desk.press('n');
  desk.select('p2');
  assert.equal(desk.press('a'), false);
  state.value = { ...state.value, questions: [question('p1', 'withdrawn'), question('p2', 'pending')] };
  assert.equal(desk.question.value.id, 'p1');
  desk.leave();
  assert.equal(desk.question.value.id, 'p2');
});

test('nothing is done once the session has ended', () => {
  const { desk, given } = seat([question('p1', 'pending')], { session: { id: 't', status: 'ended' } });
  for (const key of ['a', 'e', 'm', 'c']) desk.press(key);
  assert.deepEqual([given, desk.writing.value, desk.double.value], [[], null, undefined]);
});

// -- keys ----------------------------------------------------------------------------------------

test('every key means one thing, and is listed with its words', () => {
  const listed = Object.values(LISTED).flat();
  assert.equal(new Set(listed).size, listed.length);
  for (const key of [...Object.keys(KEYS), ...FLOOR_KEYS]) assert.ok(listed.includes(key), key);
  for (const key of listed) assert.ok(words.moderate.keysList[key], key);
  for (const action of Object.values(ACTIONS).flat()) assert.ok(keyOf(action), action);
});

// -- the floor -----------------------------------------------------------------------------------

const hand = (id) => ({ id, person: author, at: 0, since: 0 });
const floor = (more) => ({ ...EMPTY.floor, ...more });

test('who has a hand up online and no connection is away, as presence tells staff; in the hall nobody needs one', () => {
  const told = reduce(EMPTY, { type: 'presence', online: 1, hall: 0, people: [], away: ['v'] });
  const of = (place) => ({ id: 'h1', person: { ...author, place }, at: 0, since: 0, state: 'called' });
  assert.deepEqual([isAway(told.presence, of('online')), isAway(told.presence, of('hall'))], [true, false]);
  const back = reduce(told, { type: 'presence', online: 2, hall: 0, people: [] });
  assert.equal(isAway(back.presence, of('online')), false);
});

test('a key of the floor means something only where its step can be done', () => {
  const next = { hand: 'h1', why: { code: 'only', values: {} } };
  assert.deepEqual(floorIntent(floor({ next }), 'g'), { type: 'floor.call', hand: 'h1' });
  assert.equal(floorIntent(floor({ next, called: hand('h2') }), 'g'), null);
  assert.deepEqual(floorIntent(floor({ called: hand('h2') }), 't'), { type: 'floor.speak', hand: 'h2' });
  assert.deepEqual(floorIntent(floor({ called: hand('h2') }), 'z'), { type: 'floor.skip', hand: 'h2' });
  assert.deepEqual(floorIntent(floor({ speaking: hand('h3') }), 'x'), { type: 'floor.done', hand: 'h3' });
  for (const key of [...FLOOR_KEYS, 'q']) assert.equal(floorIntent(floor({}), key), null, key);
});

test('a ratio is read as it is written, and none of those offered is refused', () => {
  for (const key of RATIOS) {
    assert.equal(ratioKey(ratioOf(key)), key);
    assert.ok(ratioOf(key).hall + ratioOf(key).online > 0);
  }
});

// -- polls ---------------------------------------------------------------------------------------

test('options are the lines that have something in them', () => {
  assert.deepEqual(linesOf(' yes \n\n  no\n'), ['yes', 'no']);
});

test('a draft says what it lacks before the server has to', () => {
  assert.equal(lacks({ ...BLANK, options: 'yes\nno' }), 'text');
  assert.equal(lacks({ ...BLANK, text: 'Where?', options: 'here' }), 'options');
  assert.equal(lacks({ ...BLANK, text: 'Where?', options: 'here\nhere' }), 'same');
  assert.equal(lacks({ ...BLANK, text: 'Where?', options: [...'abcdefghijklm'].join('\n') }), 'many');
  assert.equal(lacks({ ...BLANK, text: 'How was it?', kind: 'rating' }), null);
  assert.equal(lacks({ ...BLANK, text: 'Where?', options: 'here\nthere' }), null);
});

test('a draft becomes a poll, or another draft of one', () => {
  const draft = { text: ' Where? ', kind: 'multiple', options: 'here\nthere', hidden: true };
  const fields = { text: 'Where?', kind: 'multiple', options: ['here', 'there'], hidden: true };
  assert.deepEqual(draftIntent(draft), { type: 'poll.create', ...fields });
  assert.deepEqual(draftIntent(draft, 'v1'), { type: 'poll.edit', poll: 'v1', ...fields });
});

test('the desk says beforehand what the hall’s screen does not show at once', () => {
  assert.equal(inParts('How do you keep two rooms in one conversation? '.repeat(4)), false);
  assert.equal(inParts('How do you keep two rooms in one conversation? '.repeat(6)), true);
  assert.equal(inParts('两个会场怎样才能是同一场对话？'.repeat(9)), true, 'a Chinese letter counts twice');
  assert.deepEqual(roomLeft({ ...BLANK, text: ' 要不要？ ', options: 'Yes\nNot today\n' }), { text: 82, option: 41 });
  assert.ok(roomLeft({ ...BLANK, text: 'x'.repeat(91) }).text < 0);
});
