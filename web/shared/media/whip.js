/**
 * A publisher of one source over WHIP (RFC 9725). Owns the lines it sends and what runs on them: a
 * track can be changed or taken away without anybody joining anew. Knows no devices: it is given tracks.
 */

/** @import { MediaStatus } from './resource.js' */

import { signal } from '../../vendor/signals.js';
import { freshPeer, release } from './fresh_peer.js';
import { Resource } from './resource.js';

/**
 * A camera's picture in three sizes, from low to high: the relay gives each viewer what its network takes.
 * Bits per second; the lowest, with sound, is meant for 300 kbit/s. A browser leaves sizes out where the
 * camera is small, and the upper ones for as long as its own network is too narrow.
 */
const LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 30 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 30 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 30 },
];

/** The relay calls a publication live for 2 s after its last packet (stream/plan.py). */
const STILL_LIVE_MS = 2500;

/** How long a sign of life from the session may take. */
const ALIVE_MS = 1500;

/** What a source's picture is sent as. Slides are one size: letters made smaller cannot be read. */
const ENCODINGS = {
  camera: LAYERS,
  slides: [{ maxBitrate: 2_500_000, maxFramerate: 15 }],
  hall: LAYERS,
  floor: LAYERS,
};

/**
 * @typedef {object} PublisherOptions
 * @property {'camera' | 'slides' | 'hall' | 'floor'} source
 * @property {string} url the source's WHIP endpoint
 * @property {() => string} token
 * @property {readonly ('audio' | 'video')[]} lines what is offered, in this order
 * @property {() => boolean} heard whether the session says that this source arrives
 * @property {{ alive: (within: number) => Promise<boolean>, leave: () => void }} [rival] that another one may take this place:
 *   `alive` tells whether what the session says is new, `leave` is called instead of coming back
 */

export class Publisher {
  /** @type {import('../../vendor/signals.js').Signal<MediaStatus>} */
  status = signal({ phase: 'off' });

  /** @type {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} */
  #tracks = { audio: null, video: null };
  /** @type {RTCPeerConnection | null} */ #peer = null;
  #bytesSent = 0;

  /** @param {PublisherOptions} options */
  constructor(options) {
    const { source, lines } = options;
    this.resource = new Resource({
      url: options.url,
      token: options.token,
      build: (configuration, again) => {
        const peer = again ? freshPeer(configuration) : new RTCPeerConnection(configuration);
        return this.#build(peer, source, lines);
      },
      release,
      adopt: (peer) => this.#adopt(peer),
      quiet: options.heard,
      talkative: true,
      beforeReturn: async () => {
        if (options.rival && (await this.#taken(options.heard, options.rival.alive))) options.rival.leave();
      },
      onStatus: (status) => (this.status.value = status),
      onStats: (report) => this.#count(report),
    });
    addEventListener('pagehide', () => this.resource.stop());
  }

  /**
   * Send this track from now on, or nothing on its line.
   *
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  async send(kind, track) {
    this.#tracks[kind] = track;
    const line = this.#peer?.getTransceivers().find((t) => t.receiver.track.kind === kind);
    // A connection that has just been closed is being rebuilt, with the new track.
    await line?.sender.replaceTrack(track).catch(() => undefined);
  }

  start() {
    this.resource.start();
  }

  stop() {
    this.resource.stop();
    this.#peer = null;
  }

  /**
   * Say whether another one has taken this place: the far end has let our connection go, and yet the source
   * arrives. Two that both came back by themselves would throw each other out for ever. What it still has is
   * our own, and a line that only looked dead is no reason to leave a stage.
   *
   * @param {() => boolean} heard
   * @param {(within: number) => Promise<boolean>} alive
   */
  async #taken(heard, alive) {
    if (!heard()) return false;
    await new Promise((done) => setTimeout(done, STILL_LIVE_MS));
    // Without a sign of life what we know is old, and it is our own network that is away.
    return (await alive(ALIVE_MS)) && heard() && (await this.resource.known()) === false;
  }

  /** Say what a test may want to know. */
  debug() {
    return { phase: this.status.value.phase, peer: this.resource.peerState, bytesSent: this.#bytesSent };
  }

  /**
   * Give a connection its lines.
   *
   * @param {RTCPeerConnection} peer
   * @param {'camera' | 'slides' | 'hall' | 'floor'} source
   * @param {readonly ('audio' | 'video')[]} lines
   */
  #build(peer, source, lines) {
    const streams = [new MediaStream()];
    for (const kind of lines) {
      const sendEncodings = kind === 'video' ? ENCODINGS[source] : [];
      peer.addTransceiver(this.#tracks[kind] ?? kind, { direction: 'sendonly', streams, sendEncodings });
    }
    return peer;
  }

  /** @param {RTCPeerConnection} peer */
  #adopt(peer) {
    this.#peer = peer;
    // A track may have changed while the answer was under way.
    for (const kind of /** @type {const} */ (['audio', 'video'])) void this.send(kind, this.#tracks[kind]);
  }

  /** @param {RTCStatsReport} report */
  #count(report) {
    let bytes = 0;
    report.forEach((stat) => {
      if (stat.type === 'outbound-rtp') bytes += stat.bytesSent ?? 0;
    });
    this.#bytesSent = bytes;
  }
}
