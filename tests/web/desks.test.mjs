import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cast } from '../../web/direct/cast.js';
import { EMPTY } from '../../web/shared/store.js';
import { readClaims } from '../../web/shared/token.js';

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
