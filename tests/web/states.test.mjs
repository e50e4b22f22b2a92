import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.addEventListener ??= () => undefined;
const { trouble } = await import('../../web/shared/ui/parts.js');
const { slateOf } = await import('../../web/shared/ui/picture.js');
const { EMPTY } = await import('../../web/shared/store.js');
const { language, words } = await import('../../web/shared/words.js');
const { signal } = await import('../../web/vendor/signals.js');

const NOW = 1_000_000;
const ada = { id: 'sp', name: 'Ada', role: 'speaker' };
const camera = (live) => ({ participant: 'sp', source: 'camera', audio: true, video: true, live });
const told = (publications) => ({ known: true, relay: true, publications, hallTo: [] });

/** A page's session: how its line is, and what it knows. */
const session = ({ phase = 'open', code = '', ...state } = {}) => ({
  status: signal({ phase, code, reason: 'Because.' }),
  now: signal(NOW),
  state: signal({
    ...EMPTY,
    session: { id: 's', title: 'T', status: 'live', created: 0 },
    stage: [ada],
    media: told([camera(true)]),
    ...state,
  }),
});

/** What plays on a page. */
const viewer = ({ phase = 'connected', main = 'live', soundOnly = false } = {}) => ({
  status: signal({ phase, code: 'full', reason: 'Full.' }),
  shown: { main: signal(main), slides: signal('none') },
  soundOnly: signal(soundOnly),
});
const at = (status, more = {}) => session({ session: { id: 's', title: 'T', status, created: 0 }, ...more });

test('the line says the one thing that is wrong: one’s own network, the server’s line, the picture, or the speaker’s', () => {
  const { line } = words;
  const watching = { goesOn: true, pictureOnly: false };
  const says = (ours, theirs, how = watching, online = true) => trouble(ours, theirs, how, online)?.text ?? null;
  const held = viewer({ main: 'held' });
  const away = session({ media: told([camera(false)]) });

  assert.equal(says(session(), viewer()), null);
  assert.equal(says(session({ phase: 'reconnecting' }), viewer({ phase: 'reconnecting' }), watching, false), line.offline);
  assert.equal(says(session(), viewer({ phase: 'reconnecting', main: 'held' })), line.picture);
  assert.equal(says(session({ phase: 'reconnecting' }), viewer()), line.chatReconnecting);
  assert.equal(says(session({ phase: 'reconnecting' }), undefined, { goesOn: false, pictureOnly: false }), line.reconnecting);
  assert.equal(says(session({ phase: 'connecting' }), undefined, { goesOn: false, pictureOnly: false }), line.connecting);
  assert.equal(says(away, held), line.speakerGone);
  // Held while the speaker's camera still comes to the relay: that is not the speaker's doing.
  assert.equal(says(session(), held), null);
  assert.equal(says(session({ chatPaused: true }), viewer()), line.chatPaused);
  assert.match(says(session(), viewer({ phase: 'refused' })), new RegExp(line.refused));
  const closed = says(session({ phase: 'closed', code: 'token_expired' }), viewer());
  assert.ok(closed.includes(line.closedHow) && closed.length > line.closedHow.length + 10);
  assert.equal(trouble(session({ phase: 'closed' }), viewer(), watching, true)?.kind, 'end');
  assert.equal(says(at('ended', { phase: 'reconnecting' }), viewer({ phase: 'reconnecting' })), null);
  // A projector says of all that what the room would miss, and nothing else.
  const screen = { goesOn: true, pictureOnly: true };
  assert.equal(says(session({ phase: 'reconnecting' }), viewer(), screen), null);
  assert.equal(says(session({ chatPaused: true }), viewer(), screen), null);
  assert.equal(says(away, held, screen), line.speakerGone);
  const all = [line.offline, line.picture, line.chatReconnecting, line.reconnecting, line.connecting, line.speakerGone, line.chatPaused];
  assert.equal(new Set(all).size, all.length, 'each is told apart');
});

test('where there is no picture, each state says why, and none says what another does', () => {
  const slates = {
    planned: [at('planned'), viewer()],
    doors: [at('doors'), viewer()],
    'nobody on stage': [session({ stage: [] }), viewer()],
    coming: [session(), viewer({ phase: 'connecting' })],
    'no camera': [session(), viewer()],
    'speaker gone': [session({ media: told([]) }), viewer()],
    'sound only': [session(), viewer({ soundOnly: true })],
    paused: [at('paused'), viewer()],
    slate: [session({ air: { version: 1, slate: 'Lunch' } }), viewer()],
    ended: [at('ended'), viewer()],
    refused: [session({ phase: 'closed', code: 'session_not_found', session: null }), viewer()],
  };
  for (const tag of ['zh', 'en']) {
    language.value = tag;
    const texts = Object.entries(slates).map(([name, [ours, theirs]]) => [name, slateOf(ours, theirs).text]);
    for (const [name, text] of texts) assert.ok(text.length > 2, `${name}, ${tag}`);
    assert.equal(new Set(texts.map(([, text]) => text)).size, texts.length, JSON.stringify(texts));
  }
  const begins = { start: NOW + 600_000, end: NOW + 900_000 };
  assert.notEqual(slateOf(at('planned', { timetable: begins }), viewer()).how, slateOf(at('planned'), viewer()).how);
});
