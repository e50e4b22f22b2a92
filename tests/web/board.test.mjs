import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  asked,
  awaited,
  density,
  divided,
  doorway,
  fromTheFloor,
  goesOn,
  introduced,
  modeOf,
  passage,
  passages,
  roll,
  standings,
  turnOf,
} from '../../web/hall/board.js';
import { EMPTY } from '../../web/shared/store.js';

const MINUTE = 60_000;
const ada = { id: 'sp-1', name: 'Ada', role: 'speaker', billed: 'p-1' };
const kim = { id: 'v-1', name: 'Kim', role: 'viewer', place: 'online' };
const poll = { id: 'p', text: 'Which?', kind: 'single', options: ['A', 'B', 'C'], state: 'open', hidden: false, results: true, on_screen: true, at: 0 };

const state = (session = {}, more = {}) => ({
  ...EMPTY,
  session: { id: 's', title: 'T', status: 'live', created: 0, ...session },
  ...more,
});
const declaration = (more = {}) => ({
  id: 'd',
  title: 'T',
  text: 'We agree.',
  organisations: ['Yale', '北京大学', 'Porto'],
  signatures: [],
  open: true,
  at: 0,
  on_screen: true,
  ...more,
});
const question = (is) => ({ id: 'q', text: 'Why?', author: kim, state: is, at: 0 });
const floor = (more) => ({ ...EMPTY.floor, ...more });

test('the link says whether hands, sound and a code are there', () => {
  assert.deepEqual(modeOf(''), { kiosk: false, silent: false, door: true, captions: null });
  assert.deepEqual(modeOf('?kiosk&silent&qr=none&captions=zh'), {
    kiosk: true,
    silent: true,
    door: false,
    captions: 'zh',
  });
});

test('a badge has what the programme knows, where the invitation says nothing', () => {
  const programme = { speakers: [{ id: 'p-1', name: 'Ada L.', title: 'Prof.', affiliation: 'Yale' }], chairs: [] };
  const now = state({ programme });
  assert.deepEqual(introduced(now, ada), { id: 'sp-1', name: 'Ada', title: 'Prof.', affiliation: 'Yale' });
  assert.equal(introduced(now, { ...ada, affiliation: 'MIT' }).affiliation, 'MIT');
  assert.equal(introduced(now, { ...ada, billed: '', name: 'Ada L.' }).title, 'Prof.');
  assert.equal(introduced(now, kim).title, '');
  assert.equal(introduced(state(), ada).title, '');
});

test('who has the floor is named while the room sees the stage, and once', () => {
  const speaking = { id: 'h', person: kim, at: 0, since: 0, state: 'speaking' };
  assert.equal(fromTheFloor(state({}, { floor: floor({ speaking }) })), kim);
  assert.equal(fromTheFloor(state({}, { floor: floor({ called: speaking }) })), null);
  assert.equal(fromTheFloor(state({ status: 'paused' }, { floor: floor({ speaking }) })), null);
  assert.equal(fromTheFloor(state({}, { floor: floor({ speaking }), air: { version: 1, slate: '' } })), null);
  assert.equal(fromTheFloor(state({}, { floor: floor({ speaking }), stage: [kim] })), null);
});

test('it counts down to what somebody has said, and to nothing else', () => {
  const now = 1000 * MINUTE;
  const programme = { start: now + 10 * MINUTE };
  assert.deepEqual(awaited(state({ status: 'doors', programme }), now), { until: 'start', left: 10 * MINUTE });
  assert.deepEqual(awaited(state({ status: 'planned', programme }, { timetable: { start: now + MINUTE } }), now), {
    until: 'start',
    left: MINUTE,
  });
  assert.equal(awaited(state({ status: 'doors' }), now), null);
  assert.equal(awaited(state({ status: 'doors', programme: { start: now - 1 } }), now), null);
  assert.equal(awaited(state({ status: 'planned', programme: { start: now + 13 * 60 * MINUTE } }), now), null);
  assert.equal(awaited(state({ status: 'live', programme }), now), null);
  assert.deepEqual(awaited(state({ status: 'paused', resumes: now + 5 * MINUTE, programme }), now), {
    until: 'resume',
    left: 5 * MINUTE,
  });
  assert.equal(awaited(state({ status: 'paused', programme }), now), null, 'nobody has said how long the break is');
  assert.equal(awaited(EMPTY, now), null);
});

test('one thing is asked, and nothing of a session that is over', () => {
  assert.equal(asked(state()), 'nothing');
  assert.equal(asked(state({}, { questions: [question('shortlisted')] })), 'nothing');
  assert.equal(asked(state({}, { questions: [question('answering')], polls: [poll] })), 'question');
  assert.equal(asked(state({}, { polls: [poll] })), 'poll');
  assert.equal(asked(state({ status: 'ended' }, { polls: [poll], questions: [question('on_screen')] })), 'nothing');
  assert.equal(asked(state({ status: 'replay' }, { polls: [poll] })), 'nothing');
});

test('the declaration is on screen alone, and the way in is not beside it', () => {
  const shown = state({}, { declaration: declaration() });
  assert.deepEqual([asked(shown), doorway(shown)], ['declaration', 'none']);
  assert.equal(asked(state({}, { declaration: declaration({ on_screen: false }) })), 'nothing');
  assert.equal(asked(state({ status: 'ended' }, { declaration: declaration() })), 'nothing');
});

test('organisations keep their order whoever signs first; too many for one screen are shown in parts, all of them', () => {
  const signature = (organisation, name) => ({ organisation, person: { ...kim, name }, at: 0 });
  const signed = declaration({ signatures: [signature('Porto', 'Rui'), signature('Yale', 'Yan')] });
  const told = roll(signed, 0);
  assert.deepEqual(told.rows.map(({ organisation, signed: is }) => [organisation, is]), [
    ['Yale', true],
    ['北京大学', false],
    ['Porto', true],
  ]);
  assert.deepEqual([told.last, told.part, told.parts], [{ organisation: 'Yale', name: 'Yan' }, 1, 1]);
  assert.equal(roll(declaration(), 0).last, null);
  const organisations = Array.from({ length: 60 }, (_, i) => `O${i}`);
  const many = declaration({ organisations });
  const parts = [0, 1, 2].map((turn) => roll(many, turn * 8000 + 10));
  assert.deepEqual(parts.map(({ part, parts: all, rows }) => [part, all, rows.length]), [[1, 3, 20], [2, 3, 20], [3, 3, 20]]);
  assert.deepEqual(parts.flatMap(({ rows }) => rows.map(({ organisation }) => organisation)), organisations);
  assert.equal(roll(declaration({ organisations: organisations.slice(0, 22) }), 0).rows.length, 22);
  assert.deepEqual(roll(many, 10, 8).rows.length, 8, 'fewer, where their names are long');
});

test('a text is read in parts that fit, divided between sentences, and nothing of it is lost', () => {
  assert.deepEqual(passages('We agree.'), ['We agree.']);
  assert.deepEqual(passages(''), []);
  const text = `${'One sentence of some length, as they are. '.repeat(20)}\n\n${'我们同意开放两个会场。'.repeat(40)}`;
  const parts = passages(text);
  assert.ok(parts.length > 2 && parts.every((part) => /[.。]$/.test(part)), JSON.stringify(parts));
  assert.equal(parts.join('').replace(/\s/g, ''), text.replace(/\s/g, ''));
  const endless = '永'.repeat(900);
  assert.ok(passages(endless).every((part) => part.length <= 200));
  assert.equal(passages(endless).join(''), endless);
  const at = [0, 1, 2, 3].map((turn) => passage(endless, turn * 25_000).part);
  assert.deepEqual([at[0], at[1] !== at[0], passage('', 5).parts], [1, true, 0]);
});

test('a text is divided where it may be, evenly, and only as often as it has to be', () => {
  const upTo = (most) => (part) => part.length <= most;
  assert.deepEqual(divided('One. Two.', upTo(20)), ['One. Two.']);
  assert.deepEqual(divided('One sentence. Another one.', upTo(14)), ['One sentence.', 'Another one.']);
  assert.deepEqual(divided('one two three four five a', upTo(22)), ['one two three', 'four five a'], 'the last part is no mere rest');
  assert.deepEqual(divided('Yes. Then a sentence with no room', upTo(28)).length, 2, 'a part is not left half empty');
  assert.equal(divided('没有人被落下，两边都在同一场对话之中', upTo(10)).join(''), '没有人被落下，两边都在同一场对话之中');
  assert.ok(divided('没有人被落下，两边都在同一场对话之中', upTo(10)).every((part) => part.length <= 10 && !/^[，。]/.test(part)));
  assert.deepEqual([0, 9, 10, 25, 31].map((at) => turnOf(3, 0, at, 10)), [0, 0, 1, 2, 0]);
  assert.equal(turnOf(3, 50, 40, 10), 0, 'a clock that was set back shows the first');
});

test('many options, and fewer long ones, have all of the width', () => {
  const closeness = (n, option = 'Yes', text = 'Shall we?') =>
    density({ ...poll, text, options: Array.from({ length: n }, () => option) });
  assert.deepEqual([4, 5, 8, 9, 12].map((n) => closeness(n)), ['few', 'some', 'some', 'many', 'many']);
  const long = 'I would rather read it afterwards';
  assert.deepEqual([2, 4, 5, 8].map((n) => closeness(n, long)), ['some', 'some', 'many', 'many']);
  assert.equal(closeness(3, '线上线下两个会场同时进行讨论'), 'few');
  assert.equal(closeness(3, '线上线下两个会场同时进行讨论吗'), 'some');
  assert.equal(closeness(2, 'Yes', 'Shall we? '.repeat(7)), 'some');
});

test('the way in is large while the room waits, small while it is asked, and away while it listens', () => {
  for (const status of ['planned', 'doors', 'paused']) assert.equal(doorway(state({ status })), 'large');
  assert.equal(doorway(state()), 'none');
  assert.equal(doorway(state({}, { polls: [poll] })), 'small');
  assert.equal(doorway(state({ status: 'paused' }, { questions: [question('on_screen')] })), 'small');
  assert.equal(doorway(state({}, { floor: floor({ open: true }) })), 'small');
  const speaking = { id: 'h', person: kim, at: 0, since: 0, state: 'speaking' };
  assert.equal(doorway(state({}, { floor: floor({ open: true, speaking }) })), 'none');
  assert.equal(doorway(state({}, { floor: floor({ open: true }), air: { version: 1, slate: 'Lunch' } })), 'none');
  assert.equal(doorway(state({ status: 'ended' })), 'none');
  assert.equal(doorway(EMPTY), 'none');
});

test('a poll stands as its ballots say, by the voters, and hidden results are in no number', () => {
  const results = { p: { poll: 'p', voters: 4, counts: [1, 3, 3] } };
  const told = standings(state({}, { results }), poll);
  assert.deepEqual(told.options.map(({ share, most }) => [share, most]), [
    [0.25, false],
    [0.75, true],
    [0.75, true],
  ]);
  assert.deepEqual([told.voters, told.mean], [4, null]);
  const hidden = standings(state({}, { results: { p: { poll: 'p', voters: 4, counts: null } } }), { ...poll, results: false });
  assert.ok(hidden.options.every(({ share, most }) => share === null && !most));
  assert.equal(hidden.voters, 4);
  const none = standings(state(), poll);
  assert.deepEqual(none.options.map(({ share, most }) => [share, most]), Array(3).fill([0, false]));
  const rated = standings(state({}, { results: { p: { poll: 'p', voters: 3, counts: [0, 1, 2] } } }), { ...poll, kind: 'rating' });
  assert.equal(rated.mean, 8 / 3);
  assert.equal(standings(state(), { ...poll, kind: 'rating' }).mean, null);
});

test('a kiosk goes on to what has begun in its room, and not by the clock', () => {
  const item = (id, start, status, more = {}) => ({ id, title: id, start, end: start + 10, zone: 'UTC', room: 'a', status, ...more });
  const over = item('over', 10, 'ended');
  const after = (...items) => goesOn([item('before', 0, 'live'), over, ...items], 'over')?.id;
  for (const status of ['doors', 'live', 'paused']) assert.equal(after(item('next', 20, status)), 'next');
  for (const status of ['planned', 'ended', 'replay', null]) assert.equal(after(item('next', 20, status)), undefined);
  assert.equal(after(item('next', 20, 'planned'), item('later', 30, 'doors')), 'later');
  assert.equal(after(item('elsewhere', 20, 'live', { room: 'b' }), item('off', 20, 'live', { withdrawn: true })), undefined);
  assert.equal(goesOn([item('other', 20, 'live')], 'over'), null);
});
