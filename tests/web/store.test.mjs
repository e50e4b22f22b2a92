import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  asksFirst,
  ballotIn,
  byVotes,
  captionsIn,
  backstage,
  chatIn,
  clockOf,
  cueOf,
  declarationOnScreen,
  gone,
  handOf,
  isOver,
  mayPublishToFloor,
  maySay,
  mediaOnStage,
  nextSpeaker,
  noteToYou,
  mutedUntil,
  onAir,
  onScreen,
  pictureOnStage,
  pinnedFor,
  pinnedIn,
  placeInLine,
  pollOnScreen,
  preflightOf,
  repliedTo,
  resultOf,
  returnFeed,
  runningOrder,
  seenFirst,
  signatureOf,
  signsFor,
  slate,
  slowUntil,
  timeLeft,
  votedFor,
  votesFor,
} from '../../web/shared/selectors.js';
import { CHAT_KEPT, EMPTY, reduce } from '../../web/shared/store.js';

const person = (id, more = {}) => ({ id, name: id.toUpperCase(), role: 'viewer', ...more });
const speaker = person('sp', { role: 'speaker' });
const question = (id, state = 'pending', author = person('v')) => ({ id, author, text: `${id}?`, at: 1, state });
const talk = { id: 't', title: 'Talk', status: 'live', created: 1 };

const welcome = (snapshot = {}, more = {}) => ({
  type: 'welcome',
  you: person('v'),
  can: ['chat.post'],
  epoch: 7,
  seq: 10,
  time: 0,
  token_expires: 0,
  snapshot: snapshot && {
    session: talk,
    stage: [],
    questions: [],
    chat: [],
    air: { version: 0 },
    cues: [],
    order: [],
    moderation: 'pre',
    clocks: [],
    crew: [],
    matrix: [],
    preflights: [],
    polls: [],
    announcement: null,
    ...snapshot,
  },
  ...more,
});
const events = (list, { epoch = 7, seq = list.at(-1)?.seq ?? 0 } = {}) => ({ type: 'events', epoch, seq, events: list });
const fact = (seq, type, more) => ({ type, seq, at: seq * 1000, by: 'x', ...more });
const said = (seq, id = `m${seq}`) =>
  fact(seq, 'chat.posted', { message: { id, author: person('v'), text: id, at: seq } });
const fold = (...messages) => messages.reduce(reduce, EMPTY);

test('a snapshot is the state', () => {
  const state = fold(welcome({ stage: [speaker], questions: [question('q')] }));
  assert.equal(state.session.title, 'Talk');
  assert.deepEqual([state.epoch, state.seq], [7, 10]);
  assert.deepEqual(state.stage, [speaker]);
});

test('a welcome without a snapshot keeps what is known, and the place in the log', () => {
  const before = fold(welcome(), events([said(11)]));
  const after = reduce(before, welcome(null, { seq: 20, can: ['question.ask'] }));
  assert.deepEqual([after.chat.length, after.seq], [1, 11]);
  assert.deepEqual(after.can, ['question.ask']);
});

test('facts count once, whatever is sent twice or late', () => {
  const state = fold(welcome(), events([said(11), said(12)]), events([said(12), said(11), said(13)]));
  assert.deepEqual(state.chat.map((m) => m.id), ['m11', 'm12', 'm13']);
});

test('numbers this audience may not see are passed over, and resumed from', () => {
  const state = fold(welcome(), events([said(11)], { seq: 15 }), events([said(14)]));
  assert.equal(state.seq, 15);
  assert.equal(state.chat.length, 1);
});

test('facts of another epoch are not taken in', () => {
  const state = fold(welcome(), events([said(11)], { epoch: 8 }));
  assert.deepEqual([state.chat.length, state.seq], [0, 10]);
});

test('a state is never changed in place', () => {
  const before = fold(welcome({ stage: [speaker] }));
  Object.freeze(before);
  Object.freeze(before.stage);
  const after = reduce(before, events([fact(11, 'stage.taken_off', { person: 'sp' })]));
  assert.equal(before.stage.length, 1);
  assert.equal(after.stage.length, 0);
});

const states = (/** @type {any} */ state) => Object.fromEntries(state.questions.map((q) => [q.id, q.state]));

test('one question is on screen: the one before it is on the shortlist again, or answered', () => {
  const state = fold(
    welcome({ questions: [question('a', 'on_screen'), question('b', 'approved')] }),
    events([fact(11, 'question.shown', { question: 'b' })]),
  );
  assert.equal(onScreen(state).id, 'b');
  assert.deepEqual(states(state), { a: 'shortlisted', b: 'on_screen' });
  const answering = reduce(state, events([fact(12, 'question.answering', { question: 'b' })]));
  assert.equal(onScreen(answering).id, 'b');
  const next = reduce(answering, events([fact(13, 'question.shown', { question: 'a' })]));
  assert.deepEqual(states(next), { a: 'on_screen', b: 'answered' });
  assert.equal(onScreen(reduce(next, events([fact(14, 'question.hidden', { question: 'a' })]))), undefined);
});

test('a question is shortlisted, withdrawn, merged, and its moderation set', () => {
  const state = fold(
    welcome({ questions: ['a', 'b', 'c'].map((id) => question(id, 'approved')) }),
    { type: 'tick', votes: [{ question: 'b', votes: 2 }] },
    events([
      fact(11, 'question.shortlisted', { question: 'a' }),
      fact(12, 'question.merged', { question: 'b', into: 'a' }),
      fact(13, 'question.withdrawn', { question: 'c' }),
      fact(14, 'questions.moderation', { mode: 'post' }),
    ]),
  );
  assert.deepEqual(states(state), { a: 'shortlisted', b: 'merged', c: 'withdrawn' });
  assert.equal(state.questions[1].merged_into, 'a');
  assert.equal(votesFor(state, 'b'), 0);
  assert.equal(state.moderation, 'post');
});

test('a question that was merged is asked for itself again', () => {
  const state = fold(
    welcome({ questions: [question('a', 'approved'), question('b', 'approved')] }),
    events([fact(11, 'question.merged', { question: 'b', into: 'a' })]),
    events([
      fact(12, 'question.withdrawn', { question: 'a' }),
      fact(13, 'question.unmerged', { question: question('b', 'approved'), into: 'a' }),
    ]),
    { type: 'tick', votes: [{ question: 'b', votes: 3 }] },
  );
  assert.deepEqual(states(state), { a: 'withdrawn', b: 'approved' });
  assert.deepEqual([state.questions.find(({ id }) => id === 'b').merged_into, votesFor(state, 'b')], [undefined, 3]);
});

test('staff keep the words first asked, and notes; others get the new words alone', () => {
  const note = { author: person('mod'), text: 'twice', at: 1 };
  const facts = events([
    fact(11, 'question.edited', { question: 'q', text: 'better' }),
    fact(12, 'question.edited', { question: 'q', text: 'best' }),
    fact(13, 'question.noted', { question: 'q', note }),
  ]);
  const asked = welcome({ questions: [question('q', 'approved')] }, { can: ['question.edit'] });
  const [q] = fold(asked, facts).questions;
  assert.deepEqual([q.text, q.original, q.notes], ['best', 'q?', [note]]);
  assert.equal(fold({ ...asked, can: [] }, facts).questions[0].original, null);
});

test('sums are the newest, and start anew with every welcome', () => {
  const asked = welcome({ questions: ['a', 'b', 'c'].map((id) => question(id, 'approved')) });
  const tick = (/** @type {Record<string, number>} */ votes) => ({
    type: 'tick',
    votes: Object.entries(votes).map(([id, n]) => ({ question: id, votes: n })),
  });
  const state = fold(asked, tick({ a: 1, c: 5 }), tick({ a: 2 }), { type: 'yours', votes: ['c'], ballots: [] });
  assert.deepEqual(byVotes(state, state.questions).map((q) => q.id), ['c', 'a', 'b']);
  assert.deepEqual([votedFor(state, 'c'), votedFor(state, 'a')], [true, false]);
  const back = reduce(state, welcome(null));
  assert.deepEqual([votesFor(back, 'c'), votedFor(back, 'c'), back.questions.length], [0, false, 3]);
});

const poll = (id, more = {}) => ({
  id,
  text: `${id}?`,
  kind: 'single',
  options: ['yes', 'no'],
  state: 'open',
  hidden: false,
  results: true,
  on_screen: false,
  at: 1,
  ...more,
});

test('a question or a poll is on screen, never both', () => {
  const state = fold(
    welcome({ questions: [question('q', 'answering')], polls: [poll('p'), poll('r')] }),
    events([fact(11, 'poll.shown', { poll: 'p' })]),
  );
  assert.deepEqual([onScreen(state), pollOnScreen(state).id, states(state)], [undefined, 'p', { q: 'answered' }]);
  const other = reduce(state, events([fact(12, 'poll.shown', { poll: 'r' })]));
  assert.deepEqual(other.polls.map((p) => p.on_screen), [false, true]);
  assert.equal(pollOnScreen(reduce(other, events([fact(13, 'poll.hidden', { poll: 'r' })]))), undefined);
  const asked = reduce(other, events([fact(13, 'question.shown', { question: 'q' })]));
  assert.deepEqual([onScreen(asked).id, pollOnScreen(asked)], ['q', undefined]);
});

test('a poll opens, is voted in, closes, and its results are seen when they may be', () => {
  const tick = (counts) => ({ type: 'tick', polls: [{ poll: 'p', voters: 3, counts }] });
  const open = fold(
    welcome(),
    events([fact(11, 'poll.opened', { poll: poll('p', { hidden: true, results: false }) })]),
  );
  assert.deepEqual(resultOf(open, open.polls[0]), { voters: 0, counts: null });
  const voted = fold(
    welcome({ polls: open.polls }),
    tick(null),
    { type: 'yours', votes: [], ballots: [{ poll: 'p', choices: [1] }] },
  );
  assert.deepEqual([resultOf(voted, voted.polls[0]), ballotIn(voted, 'p')], [{ voters: 3, counts: null }, [1]]);
  const closed = reduce(reduce(voted, events([fact(12, 'poll.closed', { poll: 'p' })])), tick([1, 2]));
  assert.equal(closed.polls[0].state, 'closed');
  assert.deepEqual(resultOf(closed, closed.polls[0]).counts, [1, 2]);
  const hidden = reduce(closed, events([fact(13, 'poll.results', { poll: 'p', shown: false })]));
  assert.equal(resultOf(hidden, hidden.polls[0]).counts, null);
  const desk = { ...hidden, can: ['poll.results'] };
  assert.deepEqual(resultOf(desk, desk.polls[0]).counts, [1, 2]);
  const gone = reduce(hidden, events([fact(14, 'poll.deleted', { poll: 'p' })]));
  assert.deepEqual([gone.polls, gone.results, ballotIn(gone, 'q')], [[], {}, []]);
});

test('a declaration is put forward, signed, struck and closed, and shares the screen with nothing', () => {
  const yale = person('y', { affiliation: ' yale  UNIVERSITY' });
  const declared = { id: 'd', title: 'T', text: 'We agree.', organisations: ['Yale University', '北京大学'], signatures: [], open: false, at: 1, on_screen: false };
  const signature = (organisation) => ({ organisation, person: yale, at: 5 });
  let state = fold(welcome({ polls: [poll('p', { on_screen: true })] }, { you: yale, can: ['declaration.sign'] }));
  const next = (...facts) => {
    state = reduce(state, events(facts.map(([type, more], i) => fact(state.seq + 1 + i, `declaration.${type}`, more))));
  };
  assert.equal(signsFor(state), undefined);
  next(['presented', { declaration: declared }]);
  assert.equal(signsFor(state), 'Yale University');
  assert.equal(signsFor({ ...state, can: [] }), undefined);
  assert.equal(signsFor({ ...state, you: person('k') }), undefined);
  next(['opened', {}], ['shown', {}]);
  assert.deepEqual([state.declaration.open, declarationOnScreen(state)?.id, pollOnScreen(state)], [true, 'd', undefined]);
  next(['signed', { signature: signature('Yale University') }], ['signed', { signature: signature('北京大学') }]);
  assert.equal(signatureOf(state.declaration, 'Yale University')?.person, yale);
  next(['struck', { organisation: 'Yale University' }], ['closed', {}]);
  assert.deepEqual([state.declaration.signatures.map((one) => one.organisation), state.declaration.open], [['北京大学'], false]);
  state = reduce(state, events([fact(state.seq + 1, 'poll.shown', { poll: 'p' })]));
  assert.deepEqual([declarationOnScreen(state), pollOnScreen(state)?.id], [undefined, 'p']);
  next(['shown', {}], ['hidden', {}]);
  assert.deepEqual([declarationOnScreen(state), pollOnScreen(state)], [undefined, undefined]);
});

test('a note to oneself stays in sight until it is answered, and only the newest', () => {
  const me = person('sp', { role: 'speaker' });
  const note = (seq, id, more) => fact(seq, 'chat.posted', { message: { id, author: person('pro'), text: id, at: seq, channel: 'backstage', ...more } });
  let state = fold(welcome({}, { you: me }), events([note(11, 'all')]));
  assert.equal(noteToYou(state), undefined);
  state = reduce(state, events([note(12, 'n1', { to: me }), note(13, 'n2', { to: me })]));
  assert.equal(noteToYou(state)?.id, 'n2');
  state = reduce(state, events([note(14, 'a', { author: me, to: person('pro'), reply_to: 'n2' })]));
  assert.equal(noteToYou(state), undefined);
});

test('an announcement is pinned for those who sit there, and one takes the place of another', () => {
  const pinned = (seq, place) =>
    fact(seq, 'announcement.pinned', { announcement: { id: `a${seq}`, text: 'Lunch', place, author: speaker, at: 1 } });
  const state = fold(welcome(), events([pinned(11, null)]));
  assert.deepEqual([pinnedFor(state, 'hall').id, pinnedFor(state, 'online').id], ['a11', 'a11']);
  const hall = reduce(state, events([pinned(12, 'hall')]));
  assert.deepEqual([pinnedFor(hall, 'hall').id, pinnedFor(hall, 'online')], ['a12', null]);
  assert.equal(pinnedFor(reduce(hall, events([fact(13, 'announcement.unpinned')])), 'hall'), null);
});

test('each tick of reactions is seen once, and a tick without any changes nothing of them', () => {
  const clap = { type: 'tick', reactions: [{ reaction: 'clap', count: 7 }] };
  const state = fold(welcome(), clap, { type: 'tick', votes: [] });
  assert.deepEqual(state.reactions, { count: 1, latest: { clap: 7 } });
  assert.equal(reduce(state, clap).reactions.count, 2);
});

test('the audience meets a question when it is approved; its author knew it before', () => {
  const approved = events([fact(11, 'question.approved', { question: question('q', 'approved') })]);
  assert.equal(fold(welcome(), approved).questions.length, 1);
  const author = fold(welcome({ questions: [question('q')] }), approved);
  assert.deepEqual(author.questions.map((q) => q.state), ['approved']);
});

test('a dismissal of a question never seen changes nothing', () => {
  const state = fold(welcome(), events([fact(11, 'question.dismissed', { question: 'q' })]));
  assert.deepEqual(state.questions, []);
});

test('whoever is brought on is the main picture, and the time on stage counts from the first time', () => {
  const on = (seq, who) => fact(seq, 'stage.brought_on', { person: who });
  const other = person('other', { role: 'speaker' });
  const state = fold(welcome(), events([on(11, speaker), on(12, other), on(13, speaker)]));
  assert.deepEqual(state.stage.map((p) => p.id), ['sp', 'other']);
  assert.deepEqual(state.since, { sp: 11_000, other: 12_000 });
  const off = reduce(state, events([fact(14, 'stage.taken_off', { person: 'sp' })]));
  assert.deepEqual(off.since, { other: 12_000 });
});

test('a deleted line is gone, and the chat keeps only the newest', () => {
  const lines = Array.from({ length: CHAT_KEPT + 5 }, (_, i) => said(11 + i));
  const state = fold(welcome(), events(lines));
  assert.equal(state.chat.length, CHAT_KEPT);
  const after = reduce(state, events([fact(10_000, 'chat.deleted', { message: state.chat[0].id })]));
  assert.equal(after.chat.length, CHAT_KEPT - 1);
});

test('a session starts and ends', () => {
  const planned = { ...talk, status: 'planned' };
  const started = fold(welcome({ session: planned }), events([fact(11, 'session.started')]));
  assert.deepEqual([started.session.status, started.session.started], ['live', 11_000]);
  assert.equal(reduce(started, events([fact(12, 'session.ended')])).session.status, 'ended');
});

test('doors open, a break has a beginning, and an end by mistake is taken back', () => {
  const planned = { id: 's1', title: 'Talk', status: 'planned', created: 1 };
  const after = (/** @type {string[]} */ ...types) =>
    fold(welcome({ session: planned }), events(types.map((type, i) => fact(11 + i, `session.${type}`)))).session;
  assert.deepEqual(after('doors_opened'), { ...planned, status: 'doors' });
  assert.deepEqual(after('started', 'paused'), { ...planned, status: 'paused', started: 11_000, paused: 12_000 });
  assert.deepEqual(after('started', 'paused', 'resumed'), { ...planned, status: 'live', started: 11_000 });
  assert.deepEqual(after('started', 'ended', 'reopened'), {
    ...planned,
    status: 'paused',
    started: 11_000,
    paused: 13_000,
  });
  assert.deepEqual(after('ended', 'reopened'), planned);
  const over = reduce(fold(welcome({ session: planned })), events([fact(11, 'session.ended')]));
  const offered = fact(12, 'session.replay_offered', { recording: '/recordings/1.mp4' });
  const replay = reduce(over, events([offered]));
  assert.deepEqual(replay.session, { ...over.session, status: 'replay', recording: '/recordings/1.mp4' });
  assert.deepEqual([isOver('live'), isOver('ended'), isOver('replay')], [false, true, true]);
  assert.deepEqual(reduce(replay, events([fact(13, 'session.replay_withdrawn')])).session, over.session);
  assert.deepEqual(reduce(replay, events([fact(13, 'session.reopened')])).session, planned);
  const described = fact(11, 'session.described', { title: 'Lecture', programme: null });
  assert.equal(fold(welcome({ session: planned }), events([described])).session.title, 'Lecture');
});

test('nobody is on air before the session is live, and in a pause', () => {
  const camera = { participant: 'sp', source: 'camera', audio: true, video: true, live: true };
  const media = { type: 'media', relay: true, publications: [camera] };
  const live = reduce(fold(welcome({ stage: [speaker] })), media);
  assert.equal(mediaOnStage(live), true);
  const paused = reduce(live, events([fact(11, 'session.paused')]));
  assert.deepEqual([mediaOnStage(paused), pictureOnStage(paused, 'camera'), onAir(paused)], [false, false, []]);
  assert.equal(mediaOnStage(reduce(paused, events([fact(12, 'session.resumed')]))), true);
});

test('each cut is a version of the stage, and says what goes out of it', () => {
  const other = person('other', { role: 'speaker' });
  const state = fold(
    welcome({ stage: [speaker, other] }),
    events([
      fact(11, 'stage.muted', { person: 'sp' }),
      fact(12, 'stage.slides_switched', { shown: false }),
      fact(14, 'stage.slate_shown', { text: 'Back at three' }),
    ]),
  );
  assert.deepEqual(state.air, { version: 14, muted: ['sp'], slides: false, slate: 'Back at three' });
  assert.deepEqual([slate(state), onAir(state)], ['Back at three', []]);
  const lifted = reduce(state, events([fact(15, 'stage.slate_lifted'), fact(16, 'stage.taken_off', { person: 'sp' })]));
  assert.deepEqual(lifted.air, { version: 16, muted: [], slides: false });
  assert.deepEqual([slate(lifted), onAir(lifted)], [null, [other]]);
});

test('who is seen is named first: the first from whom a picture comes', () => {
  const [other, asker] = [person('other', { role: 'speaker' }), person('asker')];
  const sends = (participant, live, more = {}) => ({ participant, source: 'camera', audio: true, video: true, live, picture: live, ...more });
  const on = fold(welcome({ stage: [speaker, other, asker] }));
  const order = (...publications) => seenFirst(reduce(on, { type: 'media', relay: true, publications })).map(({ id }) => id);
  assert.deepEqual(seenFirst(on), [speaker, other, asker]);
  assert.deepEqual(order(sends('other', true), sends('sp', true)), ['sp', 'other', 'asker']);
  assert.deepEqual(order(sends('other', true), sends('sp', false)), ['other', 'sp', 'asker']);
  assert.deepEqual(order(sends('sp', true, { picture: false }), sends('other', true)), ['other', 'sp', 'asker'], 'heard, and not seen');
  assert.deepEqual(order(sends('sp', true, { video: false }), sends('asker', true, { source: 'floor' })), ['asker', 'sp', 'other']);
  assert.deepEqual(order(sends('other', false), sends('sp', true, { source: 'slides' })), ['other', 'sp', 'asker']);
  assert.deepEqual(order(), ['sp', 'other', 'asker']);
  const away = reduce(on, { type: 'media', relay: false, publications: [sends('other', true)] });
  assert.deepEqual(seenFirst(away), [speaker, other, asker]);
  const slate = reduce(on, events([fact(14, 'stage.slate_shown', { text: 'Back at three' })]));
  assert.deepEqual([seenFirst(slate), seenFirst(slate, slate.stage)], [[], [speaker, other, asker]]);
});

test('hidden slides are on stage for nobody', () => {
  const slides = { participant: 'sp', source: 'slides', audio: false, video: true, live: true };
  const state = reduce(fold(welcome({ stage: [speaker] })), { type: 'media', relay: true, publications: [slides] });
  assert.equal(pictureOnStage(state, 'slides'), true);
  const hidden = reduce(state, events([fact(11, 'stage.slides_switched', { shown: false })]));
  assert.equal(pictureOnStage(hidden, 'slides'), false);
});

test('speakers stand in the order set, then billed, then added; next is who has not been on', () => {
  const programme = { speakers: [{ id: 'p1', name: 'A' }, { id: 'p2', name: 'B' }] };
  const cue = (id, state, more = {}) => ({ id, state, at: 1, by: 'x', steps: [{ state, at: 1, by: 'x' }], ...more });
  const before = fold(welcome({ session: { ...talk, programme } }));
  assert.deepEqual(runningOrder(before).map((c) => [c.id, c.state]), [['p1', 'invited'], ['p2', 'invited']]);
  const state = reduce(
    before,
    events([
      fact(11, 'cue.changed', { cue: cue('extra', 'backstage') }),
      fact(12, 'cue.changed', { cue: cue('p1', 'on_air', { person: speaker }) }),
    ]),
  );
  assert.deepEqual(runningOrder(state).map((c) => c.id), ['p1', 'p2', 'extra']);
  assert.deepEqual([nextSpeaker(state)?.id, cueOf(state, 'sp')?.id, cueOf(state, 'p2')?.state], ['p2', 'p1', 'invited']);
  const ordered = reduce(state, events([fact(13, 'cue.ordered', { speakers: ['extra', 'nobody'] })]));
  assert.deepEqual(runningOrder(ordered).map((c) => c.id), ['extra', 'p1', 'p2']);
  const shorter = { ...programme, speakers: [] };
  const described = fact(14, 'session.described', { title: 'T', programme: shorter });
  assert.deepEqual(runningOrder(reduce(ordered, events([described]))).map((c) => c.id), ['extra', 'p1']);
  assert.equal(cueOf(reduce(state, events([fact(13, 'cue.dropped', { cue: 'extra' })])), 'extra'), undefined);
});

test('a clock says the same second to everybody: what was given, less what is spent and since it runs', () => {
  const clock = { speaker: 'p1', allotted: 60_000 };
  const cues = [{ id: 'p1', state: 'on_air', at: 1, by: 'x', person: speaker }];
  const state = fold(welcome({ cues }), events([fact(11, 'clock.changed', { clock })]));
  assert.equal(timeLeft(clockOf(state, 'sp'), 5_000), 60_000);
  const running = reduce(state, events([fact(12, 'clock.changed', { clock: { ...clock, spent: 10_000, started: 20_000 } })]));
  assert.deepEqual([20_000, 50_000, 75_000].map((at) => timeLeft(clockOf(running, 'p1'), at)), [50_000, 20_000, -5_000]);
  assert.equal(running.clocks.length, 1);
});

test('the last pre-flight is kept with the speaker', () => {
  const begun = { speaker: 'sp', started: 1, until: 2 };
  const cues = [{ id: 'p1', state: 'invited', at: 1, by: 'x', person: speaker }];
  const state = fold(
    welcome({ cues }),
    events([
      fact(11, 'preflight.changed', { preflight: begun }),
      fact(12, 'preflight.changed', { preflight: { ...begun, grade: 'green' } }),
    ]),
  );
  assert.equal(preflightOf(state, 'sp').grade, 'green');
  assert.equal(preflightOf(state, 'nobody'), undefined);
});

test('what is sent back goes by role and cue; backstage are who waits and the crew, nobody on stage', () => {
  const you = person('sp', { role: 'speaker' });
  const matrix = [
    { role: 'speaker', cue: 'none', feed: 'hall' },
    { role: 'speaker', cue: 'standby', feed: 'programme' },
  ];
  const state = fold(welcome({ matrix }, { you }));
  assert.deepEqual([returnFeed(state), backstage(state)], ['hall', []]);
  const cue = { id: 'p1', state: 'standby', at: 1, by: 'x', person: you };
  const crew = person('pro', { role: 'producer' });
  const waiting = reduce(
    state,
    events([fact(11, 'cue.changed', { cue }), fact(12, 'backstage.entered', { person: crew })]),
  );
  assert.deepEqual([returnFeed(waiting), backstage(waiting)], ['programme', [you, crew]]);
  const changed = reduce(
    waiting,
    events([
      fact(13, 'backstage.return_set', { place: { role: 'speaker', cue: 'standby', feed: 'off' } }),
      fact(14, 'stage.brought_on', { person: you }),
    ]),
  );
  assert.deepEqual([returnFeed(changed), backstage(changed)], ['off', [crew]]);
  assert.deepEqual(backstage(reduce(changed, events([fact(15, 'backstage.left', { person: 'pro' })]))), []);
});

test('who is on stage and sends nothing is gone, and stays on stage', () => {
  const camera = { participant: 'sp', source: 'camera', audio: true, video: true, live: true };
  const state = fold(welcome({ stage: [speaker] }));
  assert.equal(gone(state, 'sp'), null);
  const seen = reduce(state, { type: 'media', relay: true, publications: [camera] });
  assert.equal(gone(seen, 'sp'), false);
  const lost = reduce(seen, { type: 'media', relay: true, publications: [] });
  assert.deepEqual([gone(lost, 'sp'), lost.stage.length], [true, 1]);
});

test('messages of a kind not known here change nothing', () => {
  const state = fold(welcome());
  assert.equal(reduce(state, { type: 'weather' }), state);
  assert.equal(reduce(state, events([fact(11, 'weather')])).seq, 11);
});

test('whether a picture is sent is known only through a relay that can be reached', () => {
  const camera = { participant: 'sp', source: 'camera', audio: true, video: true, live: true };
  const media = (relay, ...publications) => ({ type: 'media', relay, publications });
  const state = fold(welcome({ stage: [speaker] }));
  assert.equal(pictureOnStage(state, 'camera'), null);
  assert.equal(pictureOnStage(reduce(state, media(false)), 'camera'), null);
  assert.equal(pictureOnStage(reduce(state, media(true, camera)), 'camera'), true);
  assert.equal(pictureOnStage(reduce(state, media(true, camera)), 'slides'), false);
  assert.equal(pictureOnStage(reduce(state, media(true, { ...camera, participant: 'x' })), 'camera'), false);
  const soundOnly = reduce(state, media(true, { ...camera, video: false }));
  assert.equal(pictureOnStage(soundOnly, 'camera'), false);
  assert.equal(mediaOnStage(soundOnly), true);
  assert.equal(mediaOnStage(reduce(state, media(true, { ...camera, live: false }))), false);
});

test('channels are kept apart, and none pushes out what was said in another', () => {
  const line = (seq, channel) => {
    const event = said(seq);
    return { ...event, message: { ...event.message, ...(channel && { channel }) } };
  };
  const state = fold(
    welcome(null, { can: ['chat.post', 'chat.post:backstage'] }),
    welcome({}, { can: ['chat.post', 'chat.post:backstage'] }),
    events([line(11, 'backstage'), ...Array.from({ length: CHAT_KEPT + 1 }, (_, i) => line(12 + i))]),
  );
  assert.deepEqual(chatIn(state, 'backstage').map((m) => m.id), ['m11']);
  assert.equal(chatIn(state, 'public').length, CHAT_KEPT);
  assert.deepEqual(['public', 'backstage', 'moderators'].map((c) => maySay(state, c)), [true, true, false]);
});

test('the floor is what was told last, and a page knows its own hand in it', () => {
  const hand = (who, more = {}) => ({ id: `h-${who}`, person: person(who, more.person), at: 1, since: 1, ...more.hand });
  const floor = (more) => ({ ...EMPTY.floor, open: true, ...more });
  const told = (more) => ({ type: 'floor', floor: floor(more) });
  const waiting = fold(welcome({ floor: floor({ line: [hand('a'), hand('v')] }) }));
  assert.deepEqual([placeInLine(waiting), handOf(waiting).id, mayPublishToFloor(waiting)], [2, 'h-v', false]);
  const called = reduce(waiting, told({ called: hand('v', { hand: { state: 'called' } }), line: [hand('a')] }));
  assert.deepEqual([placeInLine(called), mayPublishToFloor(called)], [0, true]);
  const inHall = { hand: { state: 'speaking' }, person: { place: 'hall' } };
  assert.equal(mayPublishToFloor(reduce(called, told({ speaking: hand('v', inHall) }))), false);
  const done = reduce(called, told({}));
  assert.deepEqual([handOf(done), mayPublishToFloor(done), done.floor.open], [null, false, true]);
});

test('chat is held, approved, pinned, replied to and taken back', () => {
  const line = (id, more = {}) => ({ id, author: person('v'), text: id, at: 1, ...more });
  const held = fold(welcome(), events([fact(11, 'chat.posted', { message: line('a', { held: 'approval' }) }), said(12)]));
  assert.deepEqual(held.chat.map((m) => [m.id, m.held]), [['a', 'approval'], ['m12', undefined]]);
  const approved = reduce(held, events([fact(13, 'chat.approved', { message: line('a') })]));
  assert.deepEqual(approved.chat.map((m) => [m.id, m.held]), [['m12', undefined], ['a', undefined]]);
  const pinned = reduce(approved, events([fact(14, 'chat.pinned', { message: line('a') }), said(15)]));
  assert.equal(pinnedIn(pinned, 'public').id, 'a');
  assert.equal(pinnedIn(pinned, 'backstage'), null);
  assert.equal(repliedTo(pinned, line('b', { reply_to: 'm12' })).id, 'm12');
  const other = reduce(pinned, events([fact(16, 'chat.pinned', { message: line('m15') })]));
  assert.deepEqual(other.pinned.map((m) => m.id), ['m15']);
  const gone = reduce(other, events([fact(17, 'chat.deleted', { message: 'm15', author: 'x', reason: '' })]));
  assert.deepEqual([gone.pinned.length, repliedTo(gone, line('b', { reply_to: 'm15' }))], [0, null]);
  assert.deepEqual(reduce(other, events([fact(17, 'chat.unpinned', { message: 'm15' })])).pinned, []);
});

test('who was put out is known until they are let in again', () => {
  const out = (seq, who, barred, more = {}) => fact(seq, 'person.ejected', { person: who, generation: 1, barred, reason: '', ...more });
  const start = fold(welcome({ barred: [person('a')] }));
  const next = reduce(start, events([out(11, 'b', true, { who: person('b') }), out(12, 'c', true), out(13, 'd', false)]));
  assert.deepEqual(next.barred.map(({ name }) => name), ['A', 'B', 'c']);
  assert.deepEqual(reduce(next, events([fact(14, 'person.readmitted', { person: 'a' })])).barred.map(({ id }) => id), ['b', 'c']);
});

test('what one asks waits for a moderator where all does, and while one is muted', () => {
  const mute = { person: person('v'), until: 9, reason: '' };
  const open = { ...fold(welcome({ muted: [mute] })), moderation: 'post' };
  assert.deepEqual([asksFirst(open, 8), asksFirst(open, 9)], [true, false]);
  assert.equal(asksFirst({ ...open, muted: [{ ...mute, person: person('w') }] }, 8), false);
  assert.equal(asksFirst({ ...open, moderation: 'pre' }, 9), true);
});

test('rules, words and mutes are those told last', () => {
  const mute = (who, until) => ({ person: person(who), until, reason: '' });
  const start = fold(
    welcome({ chat_rules: { hold: true, slow: 5 }, chat_words: { hold: ['x'], refuse: [] }, muted: [mute('v', 9)] }),
  );
  assert.deepEqual([start.chatRules, start.chatWords.hold, mutedUntil(start)], [{ hold: true, slow: 5 }, ['x'], 9]);
  const next = reduce(
    start,
    events([
      fact(11, 'chat.rules_set', { rules: { hold: false, slow: 0 } }),
      fact(12, 'chat.words_set', { words: { hold: [], refuse: ['y'] } }),
      fact(13, 'chat.muted', { mute: mute('v', 20) }),
    ]),
  );
  assert.deepEqual([next.chatRules.slow, next.chatWords.refuse, mutedUntil(next)], [0, ['y'], 20]);
  assert.equal(mutedUntil(reduce(next, events([fact(14, 'chat.unmuted', { person: 'v' })]))), 0);
});

test('slow mode keeps who has just posted to everybody, and no staff', () => {
  const slow = welcome({ chat_rules: { hold: false, slow: 30 } });
  assert.equal(slowUntil(fold(slow)), 0);
  const other = fact(12, 'chat.posted', { message: { id: 'o', author: person('o'), text: 'o', at: 12_000 } });
  const backstage = fact(13, 'chat.posted', {
    message: { id: 'b', author: person('v'), text: 'b', at: 13_000, channel: 'backstage' },
  });
  const state = fold(slow, events([said(11), other, backstage]));
  assert.equal(slowUntil(state), 11 + 30_000);
  assert.equal(slowUntil({ ...state, can: ['chat.post', 'chat.delete'] }), 0);
  assert.equal(slowUntil({ ...state, chatRules: { hold: false, slow: 0 } }), 0);
  // Switched on after one has posted, it counts from the next line on.
  const on = fact(14, 'chat.rules_set', { rules: { hold: false, slow: 30 } });
  assert.equal(slowUntil(fold(welcome(), events([said(11), on]))), 0);
});

test('captions: the two newest lines of a language, one that grows where it stood, and none that is old', () => {
  const caption = (line, text, at, language = 'en') => ({ language, line, text, at });
  const tick = (...captions) => ({ type: 'tick', captions });
  const state = fold(
    welcome(),
    tick(caption('1', 'Good', 1000), caption('2', 'How', 2000), caption('1', '晚上好', 2000, 'zh')),
    tick(caption('2', 'How do', 3000), caption('3', 'Fine', 9000)),
  );
  assert.deepEqual(captionsIn(state, 'en', 10_000).map(({ text }) => text), ['How do', 'Fine']);
  assert.deepEqual(captionsIn(state, 'en', 16_000).map(({ text }) => text), ['Fine']);
  assert.deepEqual(captionsIn(state, 'zh', 3000).map(({ text }) => text), ['晚上好']);
  assert.deepEqual(captionsIn(state, 'fr', 3000), []);
  assert.deepEqual(captionsIn({ ...state, session: { ...talk, status: 'paused' } }, 'en', 10_000), []);
});
