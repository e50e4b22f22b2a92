import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { joined, language, refusal, say, words } from '../../web/shared/words.js';
import { filled, isPlural, negotiated } from '../../web/shared/words/catalogue.js';
import { catalogues } from '../../web/shared/words/catalogues.js';
import { spoken } from '../../web/shared/words/spoken.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const WEB = join(ROOT, 'web');

/** Every sentence by its path; of a plural, the forms together. */
function* sentences(part, path = []) {
  for (const [key, value] of Object.entries(part)) {
    const here = [...path, key];
    if (typeof value === 'string' || isPlural(value)) yield [here.join('.'), value];
    else yield* sentences(value, here);
  }
}
const forms = (sentence) => (typeof sentence === 'string' ? [sentence] : Object.values(sentence));
const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

for (const [tag, catalogue] of Object.entries(catalogues)) {
  const theirs = new Map(sentences(catalogue));

  test(`${tag} has every sentence, and no other`, () => {
    assert.deepEqual([...theirs.keys()].sort(), [...new Map(sentences(catalogues.en)).keys()].sort());
  });

  test(`${tag} has the same places for values in every sentence`, () => {
    for (const [key, sentence] of sentences(catalogues.en)) {
      assert.equal(isPlural(theirs.get(key)), isPlural(sentence), key);
      const wanted = places(forms(sentence).at(-1));
      for (const form of forms(theirs.get(key))) assert.deepEqual(places(form), wanted, key);
    }
  });

  test(`${tag} has the plural forms of its language, and nothing empty`, () => {
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [key, sentence] of theirs) {
      for (const form of forms(sentence)) assert.notEqual(form.trim(), '', key);
      if (isPlural(sentence)) for (const name of Object.keys(sentence)) assert.ok(categories.includes(name), key);
    }
  });

  test(`${tag} neither shouts nor speaks of errors`, () => {
    for (const [key, sentence] of theirs)
      for (const form of forms(sentence)) assert.doesNotMatch(form, /[!！]|\berror\b/i, key);
  });
}

test('every page speaks every language that there is', () => {
  assert.deepEqual(Object.keys(spoken), Object.keys(catalogues));
  for (const [tag, part] of Object.entries(spoken))
    for (const [key, said] of Object.entries(part)) assert.equal(catalogues[tag][key], said, `${tag} ${key}`);
});

/** All modules that a page's scripts import, by path. */
function loadedBy(page) {
  const wanted = [...readFileSync(join(WEB, page, 'index.html'), 'utf8').matchAll(/<script type="module" src="\/([^"]+)"/g)]
    .map(([, path]) => join(WEB, path));
  const found = new Map();
  for (const path of wanted) {
    if (found.has(path)) continue;
    const text = readFileSync(path, 'utf8');
    found.set(path, text);
    for (const [, name] of text.matchAll(/(?:^|;)(?:import|export)\b(?:[^'";]*?\bfrom)? ?['"](\.[^'"]+)['"]/gm))
      wanted.push(join(dirname(path), name));
  }
  return found;
}

test('no page says what it has not learnt', () => {
  const pages = readdirSync(WEB).filter((name) => existsSync(join(WEB, name, 'index.html')));
  assert.ok(pages.length > 5);
  const lean = pages.filter((page) => ![...loadedBy(page).keys()].some((path) => path.endsWith('words/all.js')));
  assert.deepEqual(lean, ['watch']);
  for (const [path, text] of loadedBy('watch')) {
    const taken = [...text.matchAll(/\{([^{}]+)\} = words;/g)].flatMap(([, names]) => names.split(',').map((name) => name.split(':')[0].trim()));
    const said = [...text.matchAll(/\bwords\.(\w+)\b(?!\.js)/g)].map(([, name]) => name);
    for (const name of [...taken, ...said]) if (!path.includes('/words/') && !['js', 'test'].includes(name)) assert.ok(name in spoken.en, `${path}: ${name}`);
  }
});

test('what the server may refuse is told in words of ours', () => {
  const folder = join(ROOT, 'signaling', 'session');
  const codes = readdirSync(folder)
    .filter((name) => name.endsWith('.py'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/Refusal\(\s*"(\w+)"/g)])
    .map(([, code]) => code);
  assert.ok(codes.length > 5);
  codes.push('outstanding'); // the pages' own, and no other's meaning (connection.js)
  const missing = codes.filter((code) => !(code in catalogues.en.refusals));
  assert.deepEqual([...new Set(missing)], [], 'add a sentence to web/shared/words/*.js: refusals');
});

test('words change with the language, wherever they were taken from', () => {
  const { chat } = words;
  language.value = 'en';
  assert.equal(chat.send, 'Send');
  language.value = 'zh';
  assert.equal(chat.send, '发送');
  assert.equal(say(words.presence.online, { n: 1284 }), '线上 1,284 人');
  language.value = 'en';
  assert.equal(say(words.ask.left, { n: 1 }), '1 character left');
});

test('sentences follow each other with a space between, but in Chinese', () => {
  language.value = 'en';
  assert.equal(joined('One.', false, 'Two.', ''), 'One. Two.');
  language.value = 'zh';
  assert.equal(joined('一。', null, '二。'), '一。二。');
  language.value = 'en';
});

test('a refusal without words of ours is told by the server to who reads its language', () => {
  const strange = { code: 'never_heard_of', reason: 'It is full moon.' };
  assert.equal(refusal(strange), 'It is full moon.');
  language.value = 'zh';
  assert.equal(refusal(strange), catalogues.zh.refusals.unknown);
  assert.equal(refusal({ code: 'forbidden', reason: '' }), catalogues.zh.refusals.forbidden);
  language.value = 'en';
});

test('a language is found by its tag, by its first part, or is the first', () => {
  assert.equal(negotiated(['zh-TW', 'en'], ['en', 'zh']), 'zh');
  assert.equal(negotiated(['pt-BR', 'EN-gb'], ['zh', 'en']), 'en');
  assert.equal(negotiated(['fr'], ['en', 'zh']), 'en');
});

test('numbers are written as the language writes them, small ones too', () => {
  assert.equal(filled('en', '{n}', { n: 0 }), '0');
  assert.equal(filled('en', '{n}', { n: 999 }), '999');
  assert.equal(filled('en', '{n}', { n: 12_345 }), '12,345');
  assert.equal(filled('en', '{n}', { n: 1.5 }), '1.5');
  assert.equal(filled('ar-EG', '{n}', { n: 7 }), '٧');
  assert.equal(filled('en', { one: '{n} line', other: '{n} lines' }, { n: 1 }), '1 line');
  assert.equal(filled('zh', { other: '{n} 行' }, { n: 1 }), '1 行');
});

test('a place without a value stays to be seen', () => {
  assert.equal(filled('en', 'Hello {name}, {n}', { name: 'Ada' }), 'Hello Ada, {n}');
});

test('what is said where no catalogue has come is said in every language', () => {
  const text = readFileSync(join(WEB, 'shared/whole.js'), 'utf8');
  const said = [...text.matchAll(/^    (\w+): '(.+)',$/gm)].map(([, tag]) => tag);
  assert.deepEqual(said, Object.keys(spoken));
});
