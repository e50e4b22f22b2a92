import assert from 'node:assert/strict';
import { test } from 'node:test';

import { browserOf } from '../../web/shared/media/devices.js';
import { quality } from '../../web/shared/media/showing.js';
import { pictureStep, soundStep } from '../../web/speak/readiness.js';

test('a picture is ready when it runs, and needs a look when something is wrong or it is off', () => {
  assert.equal(pictureStep({ running: true, trouble: null, wanted: true }), 'ready');
  assert.equal(pictureStep({ running: false, trouble: null, wanted: true }), 'wait');
  assert.equal(pictureStep({ running: false, trouble: 'denied', wanted: true }), 'look');
  assert.equal(pictureStep({ running: false, trouble: null, wanted: false }), 'look');
});

test('sound is ready when a voice was heard, not when a microphone is merely there', () => {
  const microphone = { running: true, trouble: null, heard: false, silent: false, loud: false };
  assert.equal(soundStep(microphone), 'wait');
  assert.equal(soundStep({ ...microphone, heard: true }), 'ready');
  assert.equal(soundStep({ ...microphone, silent: true }), 'look');
  assert.equal(soundStep({ ...microphone, heard: true, loud: true }), 'look');
  assert.equal(soundStep({ ...microphone, running: false, trouble: 'missing' }), 'look');
});

test('each browser is told its own way to a permission', () => {
  const agents = {
    ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
    safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    chromium: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    android: 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36',
  };
  for (const [name, agent] of Object.entries(agents)) assert.equal(browserOf(agent), name);
});

test('a picture is called softer only where this viewer has had a better one', () => {
  const seen = { height: 360, best: 360, still: 20, sent: true, connected: true };
  assert.equal(quality(seen), 'good');
  assert.equal(quality({ ...seen, height: 720, best: 720 }), 'sharp');
  assert.equal(quality({ ...seen, height: 180, best: 720 }), 'soft');
});

test('a picture that stands is the network’s only while it is sent and our line is up', () => {
  const seen = { height: 360, best: 360, still: 3000, sent: true, connected: true };
  assert.equal(quality(seen), 'standing');
  assert.equal(quality({ ...seen, sent: false }), 'waiting');
  assert.equal(quality({ ...seen, connected: false }), 'waiting');
  assert.equal(quality({ ...seen, still: null, sent: false }), 'none');
});
