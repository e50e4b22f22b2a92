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

test('what is written can be read on what it stands on, by light and in the dark (WCAG 1.4.3, 1.4.11)', () => {
  const [[, text]] = files(/^shared\/style\.css$/);
  const tokens = (rule) => Object.fromEntries([...(rule ?? '').matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]));
  const luminance = (colour) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const root = tokens(/:root \{([^}]*)/.exec(text)?.[1]);
  const themes = { stage: /\.stage \{([^}]*)/, desk: /\n\.desk \{([^}]*)/, 'desk in the dark': /\.desk:not\(\.light\) \{([^}]*)/ };
  for (const [name, rule] of Object.entries(themes)) {
    const theme = { ...root, ...tokens(rule.exec(text)?.[1]) };
    for (const ground of ['ground', 'raised']) {
      for (const ink of ['text', 'quiet', 'accent', 'amber', 'green', 'live'])
        assert.ok(contrast(theme[ink], theme[ground]) >= 4.5, `${name}: ${ink} on ${ground}`);
      for (const edge of ['field-edge', 'amber-edge']) assert.ok(contrast(theme[edge], theme[ground]) >= 3, `${name}: ${edge} on ${ground}`);
    }
    for (const fill of ['accent-fill', 'on-air']) assert.ok(contrast('#ffffff', theme[fill]) >= 4.5, `${name}: white on ${fill}`);
  }
});

test('who wants no motion has none, not of what is drawn before or after something either', () => {
  const [[, text]] = files(/^shared\/style\.css$/);
  const still = /@media \(prefers-reduced-motion: reduce\) \{\s*\*,\s*\*::before,\s*\*::after \{([^}]*)/.exec(text)?.[1] ?? '';
  for (const kind of ['animation', 'transition']) assert.match(still, new RegExp(`${kind}: none !important`));
  for (const [name, sheet] of files(/\.css$/)) assert.doesNotMatch(sheet, /scroll-behavior:\s*smooth/, name);
});

test('the style page shows every part that pages share, and every token', () => {
  const [[, style], [, states]] = ['style', 'states'].map((name) => files(new RegExp(`^style/${name}\\.js$`))[0]);
  const used = new Set([...`${style}${states}`.matchAll(/<\$\{(\w+)\}/g)].map(([, name]) => name));
  // Those are parts of others, which show them: Chat and Questions, Confirm, Picture, Declaration.
  const inner = new Set(['Say', 'Compose', 'Windowed', 'Dialog', 'SlotView', 'Signatories', 'Afterwards']);
  for (const [name, text] of files(/^shared\/ui\/\w+\.js$/)) {
    for (const [, part] of text.matchAll(/^export (?:const|function) ([A-Z][a-z]\w+)\b/gm)) {
      assert.ok(used.has(part) || inner.has(part), `${part} of ${name} is not on the style page`);
    }
  }
  const [[, tokens]] = files(/^shared\/style\.css$/);
  const stage = /\.stage \{([^}]*)/.exec(tokens)?.[1] ?? '';
  for (const [, token] of stage.matchAll(/--([\w-]+): #/g)) assert.ok(style.includes(`'${token}'`), `--${token} is not on the style page`);
});
