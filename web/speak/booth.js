/**
 * A speaker's booth: devices, what is sent, what comes back from the hall. Owns when something is sent
 * and that it goes on being sent; draws nothing. The law: nothing leaves this page before the speaker
 * has gone backstage, and all of it stops when the session ends or another window takes over.
 */

/** @import { Outcome } from '../shared/connection.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { CaptureTrouble } from './capture.js' */

import { openDevices, openOnce } from '../shared/media/devices.js';
import { mixed } from '../shared/media/mix.js';
import { WakeLock, onWake } from '../shared/media/wake.js';
import { Publisher } from '../shared/media/whip.js';
import { joinReturn, onRelayBack } from '../shared/stage.js';
import { cueOf, isOver, onAir, preflightOf, publication } from '../shared/selectors.js';
import { computed, effect, signal } from '../vendor/signals.js';
import { captureTrouble } from './capture.js';

/** How long a pre-flight measures, in seconds; then it is graded. */
const MEASURED_S = 15;

/** How long it is told that the machine has been asleep. */
const WOKE_MS = 6000;

/** How long it is told why no screen was shared: long enough to find the system's setting. @type {Record<CaptureTrouble, number>} */
const CAPTURE_MS = { cancelled: 6000, system: 60_000, unable: 20_000 };

/** Remembers that this tab was backstage, so that a reload on air needs no click. */
const ENTERED = 'rostrum.backstage';

export class Booth {
  devices = openDevices();
  entered = signal(false);
  muted = signal(false);
  /** Somebody, mostly the same person elsewhere, publishes under this name: the newest wins. */
  superseded = signal(false);
  /** @type {import('../vendor/signals.js').Signal<MediaStreamTrack | null>} */
  slidesTrack = signal(null);
  /** @type {import('../vendor/signals.js').Signal<CaptureTrouble | null>} */
  slidesTrouble = signal(null);
  /** What a shared tab or screen plays. @type {import('../vendor/signals.js').Signal<MediaStreamTrack | null>} */
  slidesSound = signal(null);
  /** Whether the line is sent on, before the stage, to be measured. */
  measuring = signal(false);
  /** Whether the machine was asleep a moment ago. */
  woke = signal(false);
  /** Why the desk was not told the last thing. @type {import('../vendor/signals.js').Signal<Extract<Outcome, { ok: false }> | null>} */
  refused = signal(null);

  #lock = new WakeLock();
  #forget = 0;

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
    this.hall = joinReturn(session);
    this.camera = this.#publisher('camera', ['audio', 'video']);
    this.slides = this.#publisher('slides', ['video']);
    this.onAir = computed(() => {
      const state = session.state.value;
      return this.entered.value && onAir(state).some((person) => person.id === state.you?.id);
    });
    const { camera, microphone } = this.devices;
    effect(() => void this.camera.send('video', camera.track.value));
    effect(() => {
      const track = microphone.track.value;
      if (track) track.enabled = !this.muted.value;
    });
    effect(() => {
      const [voice, played] = [microphone.track.value, this.slidesSound.value];
      const both = voice && played ? mixed([voice, played]) : null;
      void this.camera.send('audio', both?.track ?? voice ?? played);
      return () => both?.close();
    });
    effect(() => this.#lock.want(this.entered.value));
    effect(() => {
      const graded = preflightOf(session.state.value, session.state.value.you?.id ?? '')?.grade;
      if (this.measuring.peek() && graded) this.#measured();
    });
    onWake(() => this.#wokeUp());
    effect(() => {
      if (this.over) this.leave();
    });
    openOnce(this.devices, () => session.state.value.can.includes('whip:camera'));
    if (sessionStorage.getItem(ENTERED) === session.id) this.enter();
  }

  /** Whether nothing can be sent any more. */
  get over() {
    const talk = this.session.state.value.session;
    return this.session.status.value.phase === 'closed' || isOver(talk?.status);
  }

  /** Go backstage: connect, and send. */
  enter() {
    sessionStorage.setItem(ENTERED, this.session.id);
    this.entered.value = true;
    this.superseded.value = false;
    this.measuring.value = false;
    this.camera.start();
    this.hall.start();
    void this.#arrive();
  }

  /** Tell the desk that we are backstage, unless it has us further on. */
  async #arrive() {
    const { state, command } = this.session;
    const cue = cueOf(state.value, state.value.you?.id ?? '');
    // Before the first welcome nothing is known: the command waits for it, and is refused where it has no sense.
    if (cue && ['backstage', 'standby', 'on_air'].includes(cue.state)) return;
    const outcome = await command({ type: 'cue.arrive' });
    // Who is further on already, or done, has nothing to be told: the tally says it.
    this.refused.value = outcome.ok || outcome.code === 'wrong_state' ? null : outcome;
  }

  /** Say that one is ready to go on. */
  async acknowledge() {
    const outcome = await this.session.command({ type: 'cue.acknowledge' });
    this.refused.value = outcome.ok ? null : outcome;
  }

  /** Begin anew with what is sent: where a device has stopped, or the line is thought to be up and is not. */
  sendAgain() {
    for (const device of Object.values(this.devices)) {
      if (device.on.value && device.track.value?.readyState !== 'live') void device.open();
    }
    this.camera.stop();
    this.camera.start();
  }

  /**
   * Have the line measured: it is sent on for so long, and nobody but the desk gets it.
   *
   * @returns {Promise<Outcome>}
   */
  async measure() {
    this.measuring.value = true;
    this.camera.start();
    const outcome = await this.session.command({ type: 'preflight.start', seconds: MEASURED_S });
    if (!outcome.ok) this.#measured();
    return outcome;
  }

  #measured() {
    this.measuring.value = false;
    if (!this.entered.peek()) this.camera.stop();
  }

  /** Start again what a closed lid has ended. */
  #wokeUp() {
    this.woke.value = true;
    setTimeout(() => (this.woke.value = false), WOKE_MS);
    for (const device of Object.values(this.devices)) {
      if (device.on.value && device.track.value?.readyState !== 'live') void device.open();
    }
    for (const publisher of [this.camera, this.slides]) publisher.resource.suspect();
    this.hall.resource.suspect();
  }

  /** Send nothing any more. */
  leave() {
    if (!this.entered.peek()) return;
    sessionStorage.removeItem(ENTERED);
    this.entered.value = false;
    this.unshare();
    this.camera.stop();
    this.hall.stop();
    if (!this.over) return;
    for (const device of Object.values(this.devices)) device.close();
  }

  /** Let the speaker pick a screen or window, and send it as slides. */
  async share() {
    this.slidesTrouble.value = null;
    if (!navigator.mediaDevices?.getDisplayMedia) {
      this.#notShared('unable');
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15 } },
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
      const [track] = stream.getVideoTracks();
      if (!track) return;
      track.contentHint = 'detail'; // sharp letters before smooth motion
      track.addEventListener('ended', () => track === this.slidesTrack.value && this.unshare());
      this.slidesTrack.value?.stop();
      this.slidesSound.value?.stop();
      this.slidesSound.value = stream.getAudioTracks()[0] ?? null;
      this.slidesTrack.value = track;
      await this.slides.send('video', track);
      this.slides.start();
    } catch (error) {
      this.#notShared(captureTrouble(error));
    }
  }

  /** @param {CaptureTrouble} trouble */
  #notShared(trouble) {
    this.slidesTrouble.value = trouble;
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => (this.slidesTrouble.value = null), CAPTURE_MS[trouble]);
  }

  unshare() {
    this.slidesTrouble.value = null;
    this.slides.stop();
    this.slidesTrack.peek()?.stop();
    this.slidesSound.peek()?.stop();
    this.slidesTrack.value = null;
    this.slidesSound.value = null;
  }

  debug() {
    return {
      ...this.hall.debug(),
      publications: { camera: this.camera.debug(), slides: this.slides.debug() },
    };
  }

  /**
   * Make a publisher that takes every hint that it must publish again.
   *
   * @param {'camera' | 'slides'} source
   * @param {readonly ('audio' | 'video')[]} lines
   */
  #publisher(source, lines) {
    const { session } = this;
    const seen = () => {
      const { state } = session;
      return publication(state.value, state.value.you?.id ?? '', source);
    };
    const heard = () => session.state.value.media.relay && (seen()?.live ?? false);
    const publisher = new Publisher({
      source,
      url: `/whip/${session.id}/${source}`,
      token: session.token,
      lines,
      heard,
      rival: { alive: session.alive, leave: () => this.#yield() },
    });
    onRelayBack(session, () => publisher.resource.suspect());
    let was = false;
    effect(() => {
      const is = !!seen();
      if (was && !is && session.state.value.media.relay) publisher.resource.suspect();
      was = is;
    });
    return publisher;
  }

  /** Leave this place to another one, who has taken it. */
  #yield() {
    this.leave();
    this.superseded.value = true;
  }
}
