import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const WEB = new URL('../../web/', import.meta.url).pathname;
const files = (wanted) =>
  readdirSync(WEB, { recursive: true })
    .filter((name) => !/node_modules|vendor/.test(name) && wanted.test(name))
    .map((name) => [name, readFileSync(join(WEB, name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')]);

test('styles name no side: a page read from right to left mirrors by itself', () => {
  const sided = /^\s*(?:[\w-]*-(?:left|right)(?:-\w+)?|left|right)\s*:|:\s*(?:left|right)\s*;|translateX|translate\(/m;
  for (const [name, text] of files(/\.css$/)) {
    assert.doesNotMatch(text, sided, name);
    for (const [line, property, , right, , left] of text.matchAll(
      /^\s*(margin|padding|inset|border-width):\s*(\S+) (\S+) (\S+) ([^\s;]+);/gm,
    )) {
      assert.equal(left, right, `${name}: ${line.trim()} has two different sides; use ${property}-inline`);
    }
  }
});

test('every rule ends: one brace too few hides all that follows', () => {
  for (const [name, text] of files(/\.css$/)) assert.equal(text.split('{').length, text.split('}').length, name);
});

test('colours are named once, where the tokens are', () => {
  for (const [name, text] of files(/\.css$/)) {
    if (name === 'shared/style.css') continue;
    for (const [colour] of text.matchAll(/#[0-9a-f]{3,8}\b/gi))
      assert.match(colour, /^#(000000|d4d4d8|ffffff)$/, `${name}: ${colour} is no token`);
  }
});

test('pages have no script or style of their own in the document, and no foreign address', () => {
  const pages = files(/\.html$/);
  assert.ok(pages.length > 5);
  for (const [name, text] of pages) {
    assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|https?:\/\//, name);
    for (const [, body] of text.matchAll(/<script[^>]*>([^<]*)/g)) assert.equal(body, '', name);
  }
  for (const [name, text] of files(/\.(m?js)$/)) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML/, name);
  }
});
