import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMPTY } from '../../web/shared/store.js';
import { captureTrouble } from '../../web/speak/capture.js';
import { nextStep } from '../../web/speak/readiness.js';
import { goingOut, tallyOf, wanted } from '../../web/speak/tally.js';

const NOON = Date.UTC(2026, 4, 1, 12);
const noor = { id: 'noor', name: 'Noor', role: 'speaker' };
const cue = (state, more = {}) => ({ id: 'noor', state, at: NOON, by: 'desk', person: noor, ...more });
const session = { id: 't', title: 'T', status: 'live', created: NOON };
const sent = { participant: 'noor', source: 'camera', audio: true, video: true, live: true };

/** A session in which `noor` is on stage and seen; `change` is laid over it. */
const stage = (change = {}) => ({
  ...EMPTY,
  you: noor,
  session,
  stage: [noor],
  cues: [cue('on_air')],
  media: { known: true, relay: true, publications: [sent] },
  ...change,
});
const told = (change) => {
  const { air, says } = tallyOf(stage(change), 'noor');
  return `${air} ${says}`;
};

test('who is on stage is on air, and is told when the producer has muted them', () => {
  assert.equal(told({}), 'on onAir');
  assert.equal(told({ air: { version: 2, muted: ['noor'] } }), 'on muted');
  assert.equal(told({ air: { version: 2, muted: ['ada'] } }), 'on onAir');
});

test('on stage behind a slate, in a break or before the beginning, nobody is backstage; a break has its end', () => {
  assert.equal(told({ air: { version: 2, slate: '' } }), 'covered slate');
  assert.equal(told({ session: { ...session, status: 'doors' } }), 'covered notBegun');
  const paused = stage({ session: { ...session, status: 'paused', resumes: NOON + 600_000 } });
  assert.deepEqual(tallyOf(paused, 'noor'), { air: 'covered', says: 'paused', until: NOON + 600_000 });
  assert.equal(tallyOf(stage({ session: { ...session, status: 'paused' } }), 'noor').until, null);
});

test('on the way to the stage: backstage, stand-by, ready, and done', () => {
  const off = (...more) => told({ stage: [], cues: [cue(...more)] });
  assert.equal(off('backstage'), 'off backstage');
  assert.equal(off('standby'), 'standby standby');
  assert.equal(off('standby', { acknowledged: NOON }), 'standby ready');
  assert.equal(off('cleared'), 'off done');
});

test('who has left while on stage or on stand-by is told so in the green room, unless something sends for them', () => {
  const nothing = { known: true, relay: true, publications: [] };
  assert.equal(wanted(stage({ media: nothing }), 'noor')?.says, 'absent');
  const standby = { stage: [], cues: [cue('standby', { acknowledged: NOON })] };
  assert.equal(wanted(stage({ ...standby, media: nothing }), 'noor')?.says, 'called');
  assert.equal(wanted(stage({ stage: [], cues: [cue('checked')], media: nothing }), 'noor'), null);
  assert.equal(wanted(stage(), 'noor'), null, 'an encoder');
  assert.equal(wanted(stage({ media: EMPTY.media }), 'noor'), null, 'not known yet');
});

test('what is said to go out is what runs', () => {
  assert.equal(goingOut({ picture: true, sound: true }), 'both');
  assert.equal(goingOut({ picture: false, sound: true }), 'sound');
  assert.equal(goingOut({ picture: true, sound: false }), 'picture');
  assert.equal(goingOut({ picture: false, sound: false }), 'nothing');
});

test('what has not been measured comes before going on, and a microphone that is silent is looked at first', () => {
  assert.equal(nextStep({ sound: 'ready', network: 'wait' }), 'measure');
  assert.equal(nextStep({ sound: 'ready', network: 'running' }), null);
  assert.equal(nextStep({ sound: 'look', network: 'ready' }), null);
  assert.equal(nextStep({ sound: 'ready', network: 'look' }), 'go');
  assert.equal(nextStep({ sound: 'wait', network: 'ready' }), 'go');
});

test('closing the choice of windows is told apart from a system that shows the browser none', () => {
  const why = (name, message = '') => captureTrouble(new DOMException(message, name));
  assert.equal(why('NotAllowedError', 'Permission denied'), 'cancelled');
  assert.equal(why('AbortError'), 'cancelled');
  assert.equal(why('NotAllowedError', 'Permission denied by system'), 'system');
  assert.equal(why('NotReadableError', 'Could not start video source'), 'system');
  assert.equal(why('NotFoundError'), 'system');
});
