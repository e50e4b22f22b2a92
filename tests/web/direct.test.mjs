import assert from 'node:assert/strict';
import { test } from 'node:test';

import { conditions, news, raised } from '../../web/direct/alarms.js';
import { lineOf } from '../../web/direct/lines.js';
import { beside, likely, moved, previewed, runOfShow, steps } from '../../web/direct/run.js';
import { EMPTY } from '../../web/shared/store.js';

const NOON = Date.UTC(2026, 4, 1, 12);

const who = (id, role = 'speaker', more = {}) => ({ id, name: id.toUpperCase(), role, ...more });
const sent = (participant, more = {}) => ({ participant, source: 'camera', audio: true, video: true, live: true, ...more });
const cueOf = (id, state, more = {}) => {
  const person = who(id);
  return { id, state, at: NOON, by: 'desk', person, steps: [{ state, at: NOON, by: 'desk' }], ...more };
};
const session = { id: 't', title: 'T', status: 'live', created: NOON, started: NOON };

/** A session in which `ada` is on stage and `noor` waits; `change` is laid over it. */
const show = (change = {}) => ({
  ...EMPTY,
  you: who('desk', 'producer'),
  session,
  stage: [who('ada')],
  cues: [cueOf('ada', 'on_air'), cueOf('noor', 'backstage')],
  presence: { online: 3, hall: 0, people: [who('ada'), who('noor'), who('desk', 'producer')] },
  media: { known: true, relay: true, publications: [sent('ada'), sent('noor')] },
  ...change,
});

// -- the run of show -----------------------------------------------------------------------------

const programme = {
  event: 'e',
  start: NOON,
  end: NOON + 3_600_000,
  zone: 'UTC',
  chairs: [{ id: 'c', name: 'Chair' }],
  speakers: [
    { id: 'ada', name: 'Ada', affiliation: 'Institute' },
    { id: 'ida', name: 'Ida' },
    { id: 'noor', name: 'Noor' },
  ],
};

test('billed speakers have a row before anybody knows who they are, in running order, with who is next', () => {
  const { run } = runOfShow(show({ session: { ...session, programme }, order: ['noor'] }));
  assert.deepEqual(run.map((row) => [row.id, row.cue.state, row.here, row.next]), [
    ['noor', 'backstage', true, true],
    ['ada', 'on_air', true, false],
    ['ida', 'invited', false, false],
  ]);
  assert.deepEqual([run[2].name, run[1].name, run[1].about], ['Ida', 'ADA', '']);
});

test('who was put out is not next', () => {
  const { run } = runOfShow(show({ session: { ...session, programme }, order: ['noor'], barred: [{ id: 'noor' }] }));
  assert.deepEqual(run.map((row) => [row.id, row.next]), [['noor', false], ['ada', false], ['ida', true]]);
});

test('nobody is on air in a session that is over, though its stage stays as it was', () => {
  const { run } = runOfShow(show({ session: { ...session, status: 'ended' } }));
  assert.deepEqual(run.map((row) => [row.id, row.cue.state]), [
    ['ada', 'cleared'],
    ['noor', 'backstage'],
  ]);
});

test('who is on stage is on air only while the audience sees them: not in a break, nor behind a slate', () => {
  const air = (change = {}) => runOfShow(show(change)).run.map((row) => [row.id, row.air]);
  assert.deepEqual(air(), [['ada', true], ['noor', false]]);
  for (const change of [{ session: { ...session, status: 'paused' } }, { session: { ...session, status: 'doors' } }, { air: { slate: '' } }])
    assert.deepEqual(air(change), [['ada', false], ['noor', false]]);
});

test('who came by a billed speaker’s invitation is that speaker, though they have taken no step', () => {
  const guest = who('guest-7', 'speaker', { billed: 'ida' });
  const { run, others } = runOfShow(
    show({ session: { ...session, programme }, presence: { online: 1, hall: 0, people: [guest] } }),
  );
  assert.deepEqual([run.find((row) => row.id === 'ida').person.id, others], ['guest-7', []]);
});

test('who is here without being on the list stands apart: chairs, encoders, a viewer who sends; no audience', () => {
  const people = [who('ada'), who('chair', 'chair'), who('v', 'viewer'), who('w', 'viewer')];
  const publications = [sent('ada'), sent('box'), sent('w'), sent('hall', { source: 'hall' })];
  const { others } = runOfShow(show({ presence: { online: 4, hall: 0, people }, media: { known: true, relay: true, publications } }));
  assert.deepEqual(others.map((row) => [row.id, row.chair, row.here]), [
    ['chair', true, true],
    ['w', false, true],
    ['box', false, false],
  ]);
});

test('who talks backstage from a desk is nobody for the stage, unless there is a picture', () => {
  const people = [who('ada'), who('mo', 'moderator')];
  const others = (more) => {
    const publications = [sent('ada'), sent('mo', more)];
    return runOfShow(show({ presence: { online: 2, hall: 0, people }, crew: [people[1]], media: { known: true, relay: true, publications } })).others;
  };
  assert.deepEqual(others({ video: false }), []);
  assert.deepEqual(others({}).map(({ id }) => id), ['mo']);
});

test('a speaker on stage who has left the page keeps the row, and without a relay nobody can say what is sent', () => {
  const [ada] = runOfShow(show({ presence: { online: 0, hall: 0, people: [] } })).run;
  assert.deepEqual([ada.here, ada.sends.length], [false, 1]);
  assert.equal(runOfShow(show({ media: { known: true, relay: false, publications: [] } })).run[0].sends, null);
});

test('one step is likely: test the line, then stand by; nothing of who is on air', () => {
  const preflight = (speaker, grade) => ({ speaker, started: NOON, until: NOON, grade, findings: [] });
  const of = (change) => runOfShow(show(change)).run.find((row) => row.id === 'noor');
  assert.equal(likely(of({})), 'measure');
  assert.equal(likely(of({ preflights: [preflight('noor', 'amber')] })), 'standby');
  assert.equal(of({ preflights: [preflight('noor', undefined)] }).light, 'running');
  assert.equal(likely(of({ cues: [cueOf('noor', 'on_air')] })), null);
  assert.equal(likely(of({ cues: [cueOf('noor', 'cleared')] })), 'backstage');
  assert.deepEqual(steps(of({})), ['measure', 'standby', 'clear']);
  assert.deepEqual(steps(of({ cues: [cueOf('noor', 'on_air')] })), []);
});

test('rows move by one, and not over an end', () => {
  const { run } = runOfShow(show({ session: { ...session, programme } }));
  assert.deepEqual(moved(run, 'ida', -1), ['ida', 'ada', 'noor']);
  assert.equal(moved(run, 'ada', -1), null);
  assert.equal(moved(run, 'nobody', 1), null);
  assert.equal(beside(run, 'ada', 1), 'ida');
  assert.equal(beside(run, null, -1), 'noor');
});

test('the preview has who is next until the producer picks another, and nobody who is on air', () => {
  const rows = runOfShow(show({ cues: [cueOf('ada', 'on_air'), cueOf('noor', 'backstage'), cueOf('ida', 'backstage')] })).run;
  assert.equal(previewed(rows, null).id, 'noor');
  assert.equal(previewed(rows, 'ida').id, 'ida');
  assert.equal(previewed(rows, 'ada').id, 'noor');
  assert.equal(previewed([], null), null);
});

test('what the hall’s desk writes is told until staff write back; its answers are read where they are', () => {
  const line = (id, role, more = {}) => ({ id, channel: 'hall', author: who(role, role), text: `words ${id}`, at: NOON, ...more });
  const told = (...chat) =>
    conditions(show({ chat }), { now: NOON, run: [], lines: {}, connected: true }).flatMap(({ kind, of, name, acts }) => (kind === 'room' ? [[of, name, acts]] : []));
  assert.deepEqual(told(line('1', 'hall')), [['1', 'words 1', ['seen']]]);
  assert.deepEqual(told(line('1', 'hall'), line('2', 'producer')), []);
  assert.deepEqual(told(line('1', 'producer'), line('2', 'hall', { reply_to: '1' })), []);
  assert.deepEqual(told({ ...line('1', 'hall'), channel: 'public' }), []);
});

// -- lines ---------------------------------------------------------------------------------------

const sample = (at, packets, lost, more = {}) => ({
  at,
  packets,
  lost,
  bytes: packets * 1000,
  jitter: 0.01,
  round_trip: 0.04,
  level: 30,
  video: true,
  width: 1280,
  height: 720,
  ...more,
});

test('a line is judged by what was lost between two samples, and by the way there and back', () => {
  const line = lineOf(sample(1, 1000, 0), sample(3, 1500, 2));
  assert.deepEqual([line.grade, line.rate, line.roundTrip, line.height], ['good', 2_000_000, 40, 720]);
  assert.equal(lineOf(sample(1, 1000, 0), sample(3, 1500, 10)).grade, 'uneven');
  assert.equal(lineOf(sample(1, 1000, 0), sample(3, 1500, 50)).grade, 'poor');
  assert.equal(lineOf(sample(1, 1000, 0), sample(3, 1500, 0, { round_trip: 0.7 })).grade, 'poor');
});

test('one sample, or a publisher that came back, says nothing of loss; silence is below what a microphone gives', () => {
  assert.deepEqual([lineOf(undefined, sample(3, 5, 5)).loss, lineOf(sample(1, 900, 9), sample(3, 5, 5)).loss], [null, null]);
  assert.equal(lineOf(undefined, sample(3, 5, 0, { level: 127 })).silent, true);
  assert.equal(lineOf(undefined, sample(3, 5, 0, { level: null })).silent, false);
});

// -- alarms --------------------------------------------------------------------------------------

const good = { grade: 'good', rate: 1e6, loss: 0, roundTrip: 40, height: 720, picture: true, silent: false };
const look = (state, more = {}) =>
  conditions(state, { now: NOON, run: runOfShow(state).run, lines: { ada: good }, connected: true, ...more });
const kinds = (found) => found.map((one) => `${one.kind} ${one.of}`.trim());

test('a show that goes well raises nothing', () => {
  assert.deepEqual(look(show()), []);
});

test('a speaker whose line is gone is told apart from one who has left the page', () => {
  const media = { known: true, relay: true, publications: [sent('ada', { live: false }), sent('noor')] };
  assert.deepEqual(kinds(look(show({ media }))), ['gone ada']);
  assert.deepEqual(look(show({ media }))[0].acts, ['slate', 'handover', 'write']);
  const left = show({ media, presence: { online: 1, hall: 0, people: [who('noor')] } });
  assert.deepEqual(kinds(look(left)), ['left ada']);
});

test('picture, sound and line of who is on stage', () => {
  const told = (line) => kinds(look(show(), { lines: { ada: { ...good, ...line } } }));
  assert.deepEqual(told({ picture: false }), ['picture ada']);
  assert.deepEqual(told({ silent: true }), ['silent ada']);
  assert.deepEqual(told({ grade: 'poor' }), ['line ada']);
  const muted = show({ air: { version: 3, muted: ['ada'] } });
  assert.deepEqual(kinds(look(muted, { lines: { ada: { ...good, silent: true } } })), []);
});

test('over-time, a stand-by without an answer, somebody who is next and not here', () => {
  const clock = { speaker: 'ada', allotted: 60_000, started: NOON - 61_000 };
  assert.deepEqual(kinds(look(show({ clocks: [clock] }))), ['over ada']);
  assert.deepEqual(kinds(look(show({ cues: [cueOf('ada', 'on_air'), cueOf('noor', 'standby')] }))), ['standby noor']);
  const answered = cueOf('noor', 'standby', { acknowledged: NOON });
  assert.deepEqual(look(show({ cues: [cueOf('ada', 'on_air'), answered] })), []);
  const media = { known: true, relay: true, publications: [sent('ada')] };
  const unseen = show({ cues: [cueOf('ada', 'on_air'), answered], media });
  assert.deepEqual(kinds(look(unseen)), ['unseen noor'], 'ready, and nothing arrives');
  const soon = { ...clock, started: NOON - 1000 };
  const absent = show({ clocks: [soon], session: { ...session, programme }, order: ['ada', 'ida'] });
  assert.deepEqual(kinds(look(absent)), ['absent ida']);
  assert.deepEqual(look({ ...absent, clocks: [{ ...soon, allotted: 600_000 }] }), [], 'not yet');
});

test('the service: this desk, the relay, the log, an empty stage; and nothing once it has ended', () => {
  assert.deepEqual(kinds(look(show(), { connected: false })), ['desk']);
  assert.deepEqual(kinds(look(show({ media: { known: true, relay: false, publications: [] } }))), ['relay']);
  assert.deepEqual(kinds(look(show({ chatPaused: true }))), ['log']);
  assert.deepEqual(kinds(look(show({ stage: [] }))), ['empty']);
  assert.deepEqual(kinds(look(show({ stage: [], air: { version: 1, slate: '' } }))), [], 'a slate is something');
  assert.deepEqual(look(show({ stage: [], session: { ...session, status: 'ended' } }), { connected: false }), []);
});

test('an alarm is raised once a condition has held, keeps its time, and goes by itself', () => {
  const found = [{ key: 'gone:ada', kind: 'gone', of: 'ada', name: 'Ada', after: 1500, acts: [] }];
  const first = raised([], found, NOON);
  assert.deepEqual([first[0].since, first[0].raised], [NOON, false]);
  const later = raised(first, found, NOON + 1500);
  assert.deepEqual([later[0].since, later[0].raised], [NOON, true]);
  assert.deepEqual(news(first, later).come.map((one) => one.key), ['gone:ada']);
  assert.deepEqual(news(later, raised(later, found, NOON + 2000)), { come: [], gone: [] });
  assert.deepEqual(news(later, raised(later, [], NOON + 2500)).gone.map((one) => one.key), ['gone:ada']);
  const again = raised(raised(later, [], NOON + 2500), found, NOON + 3000);
  assert.equal(again[0].since, NOON + 3000, 'what flickers begins anew');
});

test('nobody is told that a speaker is back while another trouble of theirs goes on', () => {
  const one = (kind) => ({ key: `${kind}:ada`, kind, of: 'ada', name: 'Ada', after: 0, acts: [], since: NOON, raised: true });
  assert.deepEqual(news([one('gone')], [one('left')]).gone, []);
  assert.deepEqual(news([one('over')], []).gone, [], 'nobody is told that time was given');
});
