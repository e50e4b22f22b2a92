/**
 * What a page is opened on: one connection, one state, one debug window. Owns the wiring of token,
 * connection and store into signals that components read; knows no page's layout.
 */

/** @import { Intent, Outcome, Status } from './connection.js' */

import { computed, signal } from '../vendor/signals.js';
import { Connection } from './connection.js';
import { EMPTY, reduce } from './store.js';
import { tokenAgain } from './invitation.js';
import { language } from './words.js';
import { keepToken, keptPlace, readClaims, takeToken } from './token.js';

/**
 * @typedef {object} LiveSession
 * @property {string} id of the session
 * @property {import('../vendor/signals.js').ReadonlySignal<import('./store.js').State>} state
 * @property {import('../vendor/signals.js').ReadonlySignal<Status>} status
 * @property {import('../vendor/signals.js').ReadonlySignal<number>} now the server's time, each second
 * @property {(intent: Intent) => Promise<Outcome>} command
 * @property {() => string} token
 * @property {() => number} serverTime
 * @property {(within: number) => Promise<boolean>} alive see `Connection.alive`
 */

/**
 * Open the session this page's token is for. Without a token, or with one whose time is over, the
 * invitation that this browser came in with gives another.
 *
 * @param {string} page the page's own name, which keeps tabs' tokens apart
 * @param {import('./protocol.js').Place | null} [place] where who opens it sits, if the page itself says so
 * @returns {Promise<LiveSession | null>} null without a readable token
 */
export async function openSession(page, place = null) {
  let token = takeToken(page);
  const given = token ? readClaims(token) : null;
  if (!given || given.exp * 1000 < Date.now()) token = (await tokenAgain(page)) ?? token;
  if (token) keepToken(page, token);
  const claims = token ? readClaims(token) : null;
  if (!token || !claims) return null;

  const state = signal(EMPTY);
  /** @type {import('../vendor/signals.js').Signal<Status>} */
  const status = signal({ phase: 'connecting' });
  const connection = new Connection({
    url: new URL('/ws', location.href).href.replace(/^http/, 'ws'),
    token,
    position: () => (state.value.epoch ? { epoch: state.value.epoch, seq: state.value.seq } : null),
    onMessage: (message) => (state.value = reduce(state.value, message)),
    onStatus: (now) => (status.value = now),
    onToken: (fresh) => keepToken(page, fresh),
    place: () => place ?? keptPlace(),
    language: () => language.value,
    renew: () => tokenAgain(page),
  });

  const now = signal(connection.serverTime());
  setInterval(() => (now.value = connection.serverTime()), 1000);

  // Links name the session in the token; an owner's token is good for all and names none.
  const named = new URLSearchParams(location.search).get('session');
  return {
    id: claims.session === '*' ? (named ?? '') : claims.session,
    state: computed(() => state.value),
    status: computed(() => status.value),
    now: computed(() => now.value),
    command: (intent) => connection.command(intent),
    token: () => connection.token,
    serverTime: () => connection.serverTime(),
    alive: (within) => connection.alive(within),
  };
}
