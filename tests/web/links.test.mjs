import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parts } from '../../web/shared/links.js';

const links = (text) => parts(text).flatMap((part) => (part.href ? [part.text] : []));

test('joined, the parts are the text again', () => {
  for (const text of ['', 'plain', 'https://a.example', 'see https://a.example/b, then http://c.example.', 'a https:// b']) {
    assert.equal(parts(text).map((part) => part.text).join(''), text);
  }
});

test('links are http and https, and nothing else is one', () => {
  assert.deepEqual(links('https://a.example/x?y=1#z HTTP://B.example'), ['https://a.example/x?y=1#z', 'HTTP://B.example']);
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'www.example.org',
    'https://',
    'https://bank.example@evil.example/',
    '[x](y)',
  ]) {
    assert.deepEqual(links(text), [], text);
  }
});

test('what belongs to the sentence is not in the link', () => {
  assert.deepEqual(links('(see https://a.example/b).'), ['https://a.example/b']);
  assert.deepEqual(links('https://a.example/b_(c)!'), ['https://a.example/b_(c)']);
  assert.deepEqual(links('请看https://a.example/b。谢谢'), ['https://a.example/b']);
  assert.deepEqual(links('<https://a.example/b> "https://c.example"'), ['https://a.example/b', 'https://c.example']);
});
