/**
 * The page's one WebSocket to signaling. Owns its whole life: hello, resume, pings, token refresh,
 * reconnecting with jitter, and commands with their idempotency ids. The law: a command is answered
 * once; when the socket dies before the answer it is sent again *with the same id*, so that it is done
 * once. Knows nothing of what messages mean to a page, and touches no DOM.
 */

/** @import { AnyClientMessage, AnyCommand, AnyServerMessage, Bye, Refused, Resume, Welcome } from './protocol.js' */

import { backoff } from './backoff.js';
import { addSample, clockOffset } from './time.js';

const PROTOCOL = 1;

/** How often to ask whether the other end still lives, and how long it may take to say so. */
const PING_MS = 10_000;
const PONG_MS = 4_000;

/** How long dialling, hello and its welcome may take together. */
const WELCOME_MS = 10_000;

/** Commands waiting for an answer; more are refused at once, so that a dead line holds no heap. */
const OUTSTANDING = 64;

/** Close codes after which the same token will never do (signaling/errors.py): 4409 is another window. */
const FINAL = new Set([4401, 4403, 4404, 4409]);

/** What the server says to a token that an invitation may replace. */
const ENDED = new Set(['token_expired', 'token_revoked']);

/** A refusal that leaves open whether the command was done: the same id may go again. */
const UNDECIDED = 'log_unavailable';
const UNDECIDED_TRIES = 5;

/**
 * Where the line is. `closed` is for good: the reason is the server's sentence.
 *
 * @typedef {{ phase: 'connecting' | 'open' | 'reconnecting' }
 *   | { phase: 'closed', code: string, reason: string }} Status
 *
 * What became of a command.
 *
 * @typedef {{ ok: true, seq: number }
 *   | { ok: false, code: string, reason: string, now?: import('./protocol.js').StageNow | null }} Outcome `now`: the stage
 *   as it is, where somebody else has cut
 *
 * A command without its id, which is given here.
 *
 * @typedef {AnyCommand extends infer C ? C extends AnyCommand ? Omit<C, 'id'> : never : never} Intent
 *
 * @typedef {object} Options
 * @property {string} url ws: or wss: address
 * @property {string} token
 * @property {() => Resume | null} position how far the page has come
 * @property {(message: AnyServerMessage) => void} onMessage
 * @property {(status: Status) => void} onStatus
 * @property {(token: string) => void} onToken a refreshed token, to be kept
 * @property {() => import('./protocol.js').Place | null} place where the person says they sit
 * @property {() => string} language what the page speaks, a BCP 47 tag
 * @property {() => Promise<string | null>} renew gets another token when this one has ended; null: there is none
 */

export class Connection {
  /** @type {Options} */ #options;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Status} */ #status = { phase: 'connecting' };
  /** @type {Map<string, { frame: string, tries: number, settle: (outcome: Outcome) => void }>} */
  #commands = new Map();
  /** Why the server said goodbye, if it did. @type {Bye | null} */ #bye = null;
  /** @type {import('./time.js').Sample[]} */ #samples = [];
  /** @type {Record<'reconnect' | 'ping' | 'pong' | 'refresh', ReturnType<typeof setTimeout> | undefined>} */
  #timers = { reconnect: undefined, ping: undefined, pong: undefined, refresh: undefined };
  /** Who waits for a sign of life. @type {Set<() => void>} */ #probes = new Set();
  #failures = 0;
  #token;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#token = options.token;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
    this.#dial();
  }

  get status() {
    return this.#status;
  }

  /** The newest token, for WHIP and WHEP. */
  get token() {
    return this.#token;
  }

  /** Say what the server's clock shows now, in milliseconds since 1970. */
  serverTime() {
    return Date.now() + clockOffset(this.#samples);
  }

  /**
   * Send a command and wait for what becomes of it, however often the line breaks in between.
   *
   * @param {Intent} intent
   * @returns {Promise<Outcome>} never rejects
   */
  command(intent) {
    if (this.#status.phase === 'closed') return Promise.resolve({ ok: false, ...this.#status });
    if (this.#commands.size >= OUTSTANDING) {
      return Promise.resolve({ ok: false, code: 'outstanding', reason: 'Too much is still waiting to be sent.' });
    }
    const id = newId();
    const frame = JSON.stringify({ ...intent, id });
    return new Promise((settle) => {
      this.#commands.set(id, { frame, tries: 0, settle });
      if (this.#status.phase === 'open') this.#socket?.send(frame);
    });
  }

  /**
   * Ask for a sign of life. When it comes, everything said before it has been heard.
   *
   * @param {number} within milliseconds
   * @returns {Promise<boolean>}
   */
  alive(within) {
    return new Promise((settle) => {
      const answered = () => settle(true);
      this.#probes.add(answered);
      setTimeout(() => {
        this.#probes.delete(answered);
        settle(false);
      }, within);
      this.#send({ type: 'ping', sent: Date.now() });
    });
  }

  // -- the line ------------------------------------------------------------------------------------

  #dial() {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    this.#expectWord(socket, WELCOME_MS);
    socket.onopen = () =>
      this.#send({
        type: 'hello',
        token: this.#token,
        protocol: PROTOCOL,
        place: this.#options.place(),
        language: this.#options.language(),
        resume: this.#options.position(),
      });
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#heard(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  /** @param {number} [code] the WebSocket's close code */
  #lost(code = 1006) {
    const bye = this.#bye;
    this.#socket = this.#bye = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    if (bye && ENDED.has(bye.code)) return void this.#renew(bye);
    if (FINAL.has(code)) return this.#close(bye?.code ?? String(code), bye?.reason ?? '');
    this.#tell({ phase: this.#options.position() ? 'reconnecting' : 'connecting' });
    const after = (bye?.retry_after ?? 0) * 1000;
    const wait = backoff(this.#failures++, Math.random(), { after });
    this.#timers.reconnect = setTimeout(() => this.#dial(), wait);
  }

  /**
   * Come back with another token: ours ended while this machine slept, or had no network.
   *
   * @param {Bye} bye what is told if there is none
   */
  async #renew(bye) {
    this.#tell({ phase: 'reconnecting' });
    const token = await this.#options.renew();
    if (!token) return this.#close(bye.code, bye.reason);
    this.#token = token;
    this.#options.onToken(token);
    this.#dial();
  }

  /** Dial now if we were waiting to; ask for a sign of life if we think the line is up. */
  #hurry() {
    if (this.#status.phase === 'closed') return;
    if (this.#socket) {
      if (this.#status.phase === 'open') this.#ping(this.#socket);
      return;
    }
    clearTimeout(this.#timers.reconnect);
    this.#dial();
  }

  /** @param {Status} status */
  #tell(status) {
    this.#status = status;
    this.#options.onStatus(status);
  }

  /** @param {AnyClientMessage} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {WebSocket} socket */
  #ping(socket) {
    clearTimeout(this.#timers.ping);
    this.#send({ type: 'ping', sent: Date.now() });
    this.#expectWord(socket, PONG_MS);
    this.#timers.ping = setTimeout(() => this.#ping(socket), PING_MS);
  }

  /**
   * Give the line up unless something is heard soon: a dead peer never closes its socket.
   *
   * @param {WebSocket} socket
   * @param {number} within milliseconds
   */
  #expectWord(socket, within) {
    clearTimeout(this.#timers.pong);
    this.#timers.pong = setTimeout(() => {
      if (socket !== this.#socket) return;
      socket.onclose = socket.onmessage = null;
      socket.close();
      this.#lost();
    }, within);
  }

  // -- what is heard -------------------------------------------------------------------------------

  /** @param {AnyServerMessage} message */
  #heard(message) {
    clearTimeout(this.#timers.pong);
    switch (message.type) {
      case 'welcome':
        this.#options.onMessage(message);
        this.#welcomed(message);
        return;
      case 'ack':
        this.#settle(message.id, { ok: true, seq: message.seq });
        return;
      case 'refused':
        this.#refused(message);
        return;
      case 'pong':
        this.#samples = addSample(this.#samples, {
          sent: message.sent,
          received: Date.now(),
          server: message.time,
        });
        for (const answered of this.#probes) answered();
        this.#probes.clear();
        return;
      case 'token':
        this.#token = message.token;
        this.#options.onToken(message.token);
        this.#refreshBefore(message.expires);
        return;
      case 'bye':
        this.#bye = message;
        return;
      default:
        this.#options.onMessage(message);
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#failures = 0;
    const now = Date.now();
    if (!this.#samples.length) this.#samples = [{ sent: now - 1000, received: now, server: welcome.time }];
    this.#refreshBefore(welcome.token_expires);
    this.#tell({ phase: 'open' });
    for (const { frame } of this.#commands.values()) this.#socket?.send(frame);
    if (this.#socket) this.#ping(this.#socket);
  }

  /** @param {Refused} refused */
  #refused({ id, code, reason, retry_after, now }) {
    const command = this.#commands.get(id);
    if (!command) return;
    if (code !== UNDECIDED || ++command.tries >= UNDECIDED_TRIES) {
      return this.#settle(id, { ok: false, code, reason, now });
    }
    setTimeout(() => {
      if (this.#status.phase === 'open' && this.#commands.has(id)) this.#socket?.send(command.frame);
    }, (retry_after ?? 1) * 1000);
  }

  /**
   * @param {string} id
   * @param {Outcome} outcome
   */
  #settle(id, outcome) {
    this.#commands.get(id)?.settle(outcome);
    this.#commands.delete(id);
  }

  /** @param {number} expires milliseconds since 1970, by the server's clock */
  #refreshBefore(expires) {
    clearTimeout(this.#timers.refresh);
    const left = expires - this.serverTime();
    // A fifth of its life ahead of time, at least 5 s; a timer cannot hold more than 2^31 ms.
    const wait = Math.min(Math.max(1000, left - Math.max(5000, left / 5)), 2 ** 31 - 1);
    this.#timers.refresh = setTimeout(() => this.#send({ type: 'token.refresh' }), wait);
  }

  /**
   * @param {string} code
   * @param {string} reason
   */
  #close(code, reason) {
    this.#tell({ phase: 'closed', code, reason });
    for (const id of [...this.#commands.keys()]) this.#settle(id, { ok: false, code, reason });
  }
}

/** Make an id no other command has; `crypto.randomUUID` is absent on plain-http origins. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
