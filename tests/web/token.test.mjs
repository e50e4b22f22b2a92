import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readClaims } from '../../web/shared/token.js';

test('claims are read as UTF-8, and what is no token is none', () => {
  const claims = { sub: 'v', session: 't', role: 'viewer', exp: 1, name: 'Zoë 王' };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  assert.deepEqual(readClaims(`x.${payload}.y`), claims);
  assert.equal(readClaims('nonsense'), null);
  assert.equal(readClaims(`x.${Buffer.from('{}').toString('base64url')}.y`), null);
});
