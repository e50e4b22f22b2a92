/**
 * A viewer of one feed: two picture slots and up to three voices over WHEP (draft-ietf-wish-whep).
 * Owns which received track goes into which slot, the sound elements, and what is showing. Who fills
 * the slots is the relay's part; why somebody is on stage is the session's.
 */

/** @import { MediaStatus } from './resource.js' */

import { effect, signal } from '../../vendor/signals.js';
import { playThrough } from './output.js';
import { Resource } from './resource.js';
import { quality, showing } from './showing.js';
import { Slot, begun } from './slot.js';

/** Voices mixed by the browser; the relay has no more lines for one viewer. */
const VOICES = 3;

const LOOK_MS = 250;

/** How long a connection that was rebuilt may take to its first frame before the old picture goes. */
const FIRST_FRAME_MS = 3000;

/**
 * @typedef {'main' | 'slides'} SlotName
 *
 * What the session says of one slot: see `Seen` in showing.js.
 *
 * @typedef {{ wanted: boolean, sent: boolean | null }} Expectation
 *
 * @typedef {object} ViewerOptions
 * @property {string} url the feed's WHEP endpoint
 * @property {() => string} token
 * @property {() => boolean | null} flowing whether anything should be arriving; null: nobody can tell
 * @property {(slot: SlotName) => Expectation} expect
 */

/** Slots in the order of their lines in the offer. @type {readonly SlotName[]} */
export const SLOTS = ['main', 'slides'];

export class Viewer {
  /** @type {Record<SlotName, Slot>} */
  slots = { main: new Slot(), slides: new Slot() };
  /** What is to be seen of each slot. */
  shown = {
    main: signal(/** @type {'live' | 'held' | 'none'} */ ('none')),
    slides: signal(/** @type {'live' | 'held' | 'none'} */ ('none')),
  };
  /** @type {import('../../vendor/signals.js').Signal<MediaStatus>} */
  status = signal({ phase: 'off' });
  /** The browser wants a click before it plays sound. */
  soundBlocked = signal(false);
  muted = signal(false);
  volume = signal(1);
  /** Through which output it is heard: a device's id, or nothing for the system's own. */
  output = signal('');
  /** Whether no picture is fetched, to save what it costs. */
  soundOnly = signal(false);
  /** What is heard, a track a voice: to measure how loud it is. @type {import('../../vendor/signals.js').Signal<readonly MediaStreamTrack[]>} */
  voices = signal([]);
  /** How good the main picture is. @type {import('../../vendor/signals.js').Signal<ReturnType<typeof quality>>} */
  quality = signal('waiting');

  /** @type {ViewerOptions} */ #options;
  /** @type {import('./resource.js').Plan} */ #plan;
  /** @type {Record<SlotName, { sent: boolean | null, since: number }>} */
  #sent = { main: { sent: null, since: 0 }, slides: { sent: null, since: 0 } };
  #voices = Array.from({ length: VOICES }, () => new Audio());
  #audioBytes = { before: 0, current: 0 };
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** A hidden page is shown no frames: that says nothing about them. */
  #visibleSince = 0;
  #connectedAt = 0;
  #best = 0;

  /** @param {ViewerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#plan = {
      url: options.url,
      token: options.token,
      build: (configuration) => build(configuration, this.soundOnly.peek()),
      adopt: (peer) => this.#adopt(peer),
      quiet: () => options.flowing() === false,
      onStatus: (status) => this.#told(status),
      onStats: (report) => this.#count(report),
    };
    this.resource = new Resource(this.#plan);
    effect(() => {
      for (const voice of this.#voices) {
        voice.volume = this.volume.value;
        voice.muted = this.muted.value;
      }
    });
    effect(() => {
      for (const voice of this.#voices) void playThrough(voice, this.output.value);
    });
    let fetched = this.soundOnly.value;
    effect(() => {
      if (this.soundOnly.value === fetched) return;
      fetched = this.soundOnly.value;
      for (const name of SLOTS) this.slots[name].empty();
      this.resource.renew();
    });
    document.addEventListener('visibilitychange', () => (this.#visibleSince = performance.now()));
    addEventListener('pagehide', () => this.resource.stop());
    addEventListener('pageshow', ({ persisted }) => persisted && this.resource.start());
  }

  start() {
    this.resource.start();
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  stop() {
    this.resource.stop();
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const name of SLOTS) {
      this.slots[name].empty();
      this.shown[name].value = 'none';
    }
  }

  /** Play another feed from now on; what is there plays until it comes. @param {string} url its WHEP endpoint */
  play(url) {
    if (url === this.#plan.url) return;
    this.#plan.url = url;
    this.resource.renew();
  }

  /** Play the sound; call it from a click, which is what browsers wait for. */
  playSound() {
    this.soundBlocked.value = false;
    for (const voice of this.#voices) this.#play(voice);
  }

  /** Say what a test may want to know. */
  debug() {
    const slot = (/** @type {Slot} */ { frames, width, height, lastFrameAt }) => ({
      frames,
      width,
      height,
      lastFrameAt: lastFrameAt && performance.timeOrigin + lastFrameAt,
    });
    return {
      peer: this.resource.peerState,
      slots: { main: slot(this.slots.main), slides: slot(this.slots.slides) },
      audio: this.#audioBytes.before + this.#audioBytes.current,
    };
  }

  /** @param {RTCPeerConnection} peer */
  #adopt(peer) {
    // Transceivers stand in the order of their lines, which is what the slots are bound to.
    const tracks = peer.getTransceivers().map((transceiver) => transceiver.receiver.track);
    const [pictures, sounds] = ['video', 'audio'].map((kind) => tracks.filter((track) => track.kind === kind));
    SLOTS.forEach((name, line) => {
      const track = pictures?.[line];
      if (track) this.slots[name].take(track);
    });
    this.#audioBytes = { before: this.#audioBytes.before + this.#audioBytes.current, current: 0 };
    this.voices.value = sounds ?? [];
    this.#voices.forEach((voice, i) => {
      const track = sounds?.[i];
      if (!track) return;
      begun(track, () => {
        if (this.voices.peek()[i] !== track) return;
        voice.srcObject = new MediaStream([track]);
        this.#play(voice);
      });
    });
  }

  /** @param {HTMLAudioElement} voice */
  #play(voice) {
    voice.play().catch((/** @type {DOMException} */ error) => {
      // Anything else is a play() that a newer one has replaced.
      if (error.name === 'NotAllowedError') this.soundBlocked.value = true;
    });
  }

  /** @param {RTCStatsReport} report */
  #count(report) {
    let bytes = 0;
    report.forEach((stat) => {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') bytes += stat.bytesReceived ?? 0;
    });
    this.#audioBytes.current = bytes;
  }

  /** @param {MediaStatus} status */
  #told(status) {
    const before = this.status.peek().phase;
    if (status.phase === 'connected' && before !== 'connected') this.#connectedAt = performance.now();
    this.status.value = status;
  }

  #look() {
    if (document.hidden) return;
    const now = performance.now();
    for (const name of SLOTS) {
      const slot = this.slots[name];
      slot.look();
      const { wanted, sent } = this.#options.expect(name);
      if (this.#sent[name].sent !== sent) this.#sent[name] = { sent, since: now };
      const rebuilt = now - this.#connectedAt < FIRST_FRAME_MS && (slot.lastFrameAt ?? 0) < this.#connectedAt;
      const seen = {
        lastFrameAt: slot.lastFrameAt && Math.max(slot.lastFrameAt, this.#visibleSince),
        cutOff: rebuilt || this.status.value.phase !== 'connected',
        wanted,
        sent,
        sentSince: this.#sent[name].since,
        mayStandStill: name === 'slides',
      };
      const next = showing(seen, now);
      if (next === 'none' && this.shown[name].value !== 'none') slot.empty();
      this.shown[name].value = next;
    }
    this.#judge(now);
  }

  /** @param {number} now */
  #judge(now) {
    const name = this.slots.main.lastFrameAt === null && this.slots.slides.lastFrameAt !== null ? 'slides' : 'main';
    const { height, lastFrameAt } = this.slots[name];
    const still = lastFrameAt === null ? null : now - Math.max(lastFrameAt, this.#visibleSince);
    if (still === null) this.#best = 0;
    else this.#best = Math.max(this.#best, height);
    const { sent } = this.#options.expect(name);
    const connected = this.status.value.phase === 'connected';
    // Slides stand still for as long as nobody turns them.
    const seen = { height, best: this.#best, still: still !== null && name === 'slides' ? 0 : still, sent, connected };
    this.quality.value = this.soundOnly.peek() ? 'none' : quality(seen);
  }

  /** Forget how good the picture has been: somebody else is in it now. */
  anotherSpeaker() {
    this.#best = 0;
  }
}

/**
 * @param {RTCConfiguration} configuration
 * @param {boolean} soundOnly
 */
function build(configuration, soundOnly) {
  const peer = new RTCPeerConnection(configuration);
  for (const _ of soundOnly ? [] : SLOTS) peer.addTransceiver('video', { direction: 'recvonly' });
  for (let i = 0; i < VOICES; i++) peer.addTransceiver('audio', { direction: 'recvonly' });
  return peer;
}
