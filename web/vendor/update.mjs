// Copies the pages' libraries out of node_modules into this folder, ready for a browser without a bundler.
//
//   npm ci && npm run vendor      (in web/)
//
// Two changes are made to each file and nothing else: bare import specifiers become relative paths
// (an import map would have to be an inline script, which our CSP forbids), and the sourceMappingURL
// line goes, because the maps are not shipped. CHECKSUMS says what came out (`sha256sum -c CHECKSUMS`).

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const modules = new URL('../node_modules/', import.meta.url);
const here = new URL('./', import.meta.url);

/** Our file name, the package it is from, and its path in there. */
const FILES = [
  ['preact.js', 'preact', 'dist/preact.mjs'],
  ['preact-hooks.js', 'preact', 'hooks/dist/hooks.mjs'],
  ['htm.js', 'htm', 'dist/htm.mjs'],
  ['htm-preact.js', 'htm', 'preact/index.mjs'],
  ['signals-core.js', '@preact/signals-core', 'dist/signals-core.mjs'],
  ['signals.js', '@preact/signals', 'dist/signals.mjs'],
  ['LICENSE.preact', 'preact', 'LICENSE'],
  ['LICENSE.htm', 'htm', 'LICENSE'],
  ['LICENSE.signals', '@preact/signals', 'LICENSE'],
];

/** What a bare specifier means here. */
const PATHS = {
  preact: './preact.js',
  'preact/hooks': './preact-hooks.js',
  htm: './htm.js',
  '@preact/signals-core': './signals-core.js',
};

const lines = [];
for (const [name, from, path] of FILES) {
  const { version } = JSON.parse(await readFile(new URL(`${from}/package.json`, modules), 'utf8'));
  let text = await readFile(new URL(`${from}/${path}`, modules), 'utf8');
  if (name.endsWith('.js')) {
    text = text.replace(/\bfrom\s*"([^"]+)"/g, (whole, bare) => {
      if (bare.startsWith('.')) return whole;
      if (!(bare in PATHS)) throw new Error(`${from} imports ${bare}, which is not vendored`);
      return `from"${PATHS[bare]}"`;
    });
    text = text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  }
  await writeFile(new URL(name, here), text);
  lines.push(`# ${from} ${version}, ${path}`);
  lines.push(`${createHash('sha256').update(text).digest('hex')}  ${name}`);
}
await writeFile(new URL('CHECKSUMS', here), `${lines.join('\n')}\n`);
