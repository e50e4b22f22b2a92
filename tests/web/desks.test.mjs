import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cast } from '../../web/direct/cast.js';
import { after, intentOf, order, step } from '../../web/moderate/queue.js';
import { EMPTY } from '../../web/shared/store.js';
import { readClaims } from '../../web/shared/token.js';

// -- the moderator's queue -----------------------------------------------------------------------

const author = { id: 'v', name: 'V', role: 'viewer' };
const question = (id, state) => ({ id, author, text: id, at: 0, state });
const queue = [
  question('a1', 'answered'),
  question('p1', 'pending'),
  question('k1', 'approved'),
  question('d1', 'dismissed'),
  question('p2', 'pending'),
  question('s1', 'on_screen'),
  question('n1', 'shortlisted'),
  question('a2', 'answered'),
];

test('the eye goes from the screen to the waiting, the next, the approved, the answered', () => {
  assert.deepEqual(order(queue).map((q) => q.id), ['s1', 'p1', 'p2', 'n1', 'k1', 'a2', 'a1']);
});

test('j and k walk the queue and stop at its ends', () => {
  assert.equal(step(queue, null, 1), 's1');
  assert.equal(step(queue, null, -1), 'a1');
  assert.equal(step(queue, 'p2', 1), 'n1');
  assert.equal(step(queue, 's1', -1), 's1');
  assert.equal(step(queue, 'a1', 1), 'a1');
  assert.equal(step([], null, 1), null);
  assert.equal(step(queue, 'gone', 1), 's1');
});

test('after a decision the next of the same part is looked at', () => {
  assert.equal(after(queue, 'p1', 'approve'), 'p2');
  assert.equal(after(queue, 'p2', 'dismiss'), 'p1');
  assert.equal(after(queue, 'k1', 'show'), 'k1');
  assert.equal(after(queue, 'k1', 'dismiss'), 's1');
  assert.equal(after([question('p1', 'pending')], 'p1', 'dismiss'), null);
});

test('the last question that waited is followed when it is approved', () => {
  assert.equal(after([question('p1', 'pending'), question('k1', 'approved')], 'p1', 'approve'), 'p1');
});

test('a key does only what the question allows', () => {
  const [pending, shown] = [queue[1], queue[5]];
  assert.deepEqual(intentOf(pending, 'approve'), { type: 'question.approve', question: 'p1' });
  assert.equal(intentOf(pending, 'show'), null);
  assert.deepEqual(intentOf(question('b1', 'answering'), 'answer'), { type: 'question.answered', question: 'b1' });
  assert.deepEqual(intentOf(shown, 'answer'), { type: 'question.answered', question: 's1' });
  assert.equal(intentOf(undefined, 'approve'), null);
});

// -- the producer's list -------------------------------------------------------------------------

const media = (participant, source = 'camera') => ({ participant, source, audio: true, video: true, live: true });
const who = (id, role) => ({ id, name: id, role });

test('who could go on stage: speakers who are here, who sends first, and encoders nobody sits at', () => {
  const state = {
    ...EMPTY,
    stage: [who('main', 'speaker')],
    presence: { online: 4, hall: 0, people: [who('main', 'speaker'), who('v', 'viewer'), who('b', 'speaker'), who('c', 'speaker')] },
    media: { known: true, relay: true, publications: [media('main'), media('c'), media('box'), media('hall-1', 'hall')] },
  };
  const { stage, waiting } = cast(state);
  assert.deepEqual(stage.map((m) => [m.person.id, m.here, m.sends.length]), [['main', true, 1]]);
  assert.deepEqual(waiting.map((m) => [m.person.id, m.here]), [['c', true], ['box', false], ['b', true]]);
});

test('a speaker on stage who has left the page stays in the list', () => {
  const media = { known: true, relay: true, publications: [] };
  const { stage } = cast({ ...EMPTY, media, stage: [who('main', 'speaker')] });
  assert.deepEqual(stage.map((m) => [m.here, m.sends.length]), [[false, 0]]);
});

test('without a relay nobody can say what is sent', () => {
  const media = { known: true, relay: false, publications: [] };
  const { stage } = cast({ ...EMPTY, media, stage: [who('main', 'speaker')] });
  assert.equal(stage[0].sends, null);
});

// -- tokens --------------------------------------------------------------------------------------

test('claims are read as UTF-8, and what is no token is none', () => {
  const claims = { sub: 'v', session: 't', role: 'viewer', exp: 1, name: 'Zoë 王' };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  assert.deepEqual(readClaims(`x.${payload}.y`), claims);
  assert.equal(readClaims('nonsense'), null);
  assert.equal(readClaims(`x.${Buffer.from('{}').toString('base64url')}.y`), null);
});
