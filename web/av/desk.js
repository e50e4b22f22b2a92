/**
 * The hall's own camera, microphone and loudspeakers. Owns when the room is sent and that it goes on being
 * sent; and whether the programme is played here. The law: what is played here is the feed without the
 * room's own microphone, so the room never hears itself; and of two desks the newest sends.
 */

/** @import { LiveSession } from '../shared/session.js' */

import { openDevices, openOnce } from '../shared/media/devices.js';
import { Output } from '../shared/media/output.js';
import { WakeLock, onWake } from '../shared/media/wake.js';
import { Publisher } from '../shared/media/whip.js';
import { joinStage, onRelayBack } from '../shared/stage.js';
import { isOver } from '../shared/selectors.js';
import { computed, effect, signal } from '../vendor/signals.js';
import { reach, roomOf } from './reach.js';

/** Remembers that this tab was sending, so that a reload needs no click. */
const SENDING = 'rostrum.av.sending';
const PLAYING = 'rostrum.av.playing';
const ECHO = 'rostrum.av.echo';

/** A microphone that hears the loudspeakers, and a line from the mixing desk, which needs no help. */
const OPEN = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const LINE = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Desk {
  devices = openDevices('hall.');
  output = new Output();
  sending = signal(false);
  muted = signal(false);
  /** Whether the programme is played on this machine. */
  playing = signal(localStorage.getItem(PLAYING) === 'on');
  /** Whether the microphone stands where it hears the loudspeakers. */
  echo = signal(localStorage.getItem(ECHO) !== 'off');
  /** Another desk sends the room now. */
  superseded = signal(false);

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
    this.viewer = joinStage(session);
    this.publisher = this.#publisher();
    this.reach = computed(() => reach(session.state.value, this.sending.value));
    const { camera, microphone } = this.devices;
    microphone.wanted = this.echo.peek() ? OPEN : LINE;
    effect(() => void this.publisher.send('video', camera.track.value));
    effect(() => void this.publisher.send('audio', microphone.track.value));
    effect(() => {
      const track = microphone.track.value;
      if (track) track.enabled = !this.muted.value;
    });
    effect(() => {
      this.viewer.muted.value = !this.playing.value;
      this.viewer.output.value = this.output.id.value;
    });
    effect(() => {
      if (microphone.track.value) void this.output.list(); // now they have names
    });
    effect(() => {
      if (this.over) this.stop();
    });
    new WakeLock().want(true);
    onWake(() => this.#wokeUp());
    openOnce(this.devices, () => session.state.value.can.includes('whip:hall'));
    if (sessionStorage.getItem(SENDING) === session.id) this.start();
  }

  /** Whether nothing can be sent any more. */
  get over() {
    return this.session.status.value.phase === 'closed' || isOver(this.session.state.value.session?.status);
  }

  /** Send the room. */
  start() {
    sessionStorage.setItem(SENDING, this.session.id);
    this.superseded.value = false;
    this.sending.value = true;
    this.publisher.start();
  }

  /** Send nothing any more. */
  stop() {
    sessionStorage.removeItem(SENDING);
    this.sending.value = false;
    this.publisher.stop();
  }

  /** Play the programme here, or do not; call it from a click, which is what browsers wait for. */
  play(/** @type {boolean} */ on) {
    localStorage.setItem(PLAYING, on ? 'on' : 'off');
    this.playing.value = on;
    if (on) this.viewer.playSound();
  }

  /** Say whether the microphone hears the loudspeakers; it is opened anew. */
  async hearLoudspeakers(/** @type {boolean} */ does) {
    localStorage.setItem(ECHO, does ? 'on' : 'off');
    this.echo.value = does;
    const { microphone } = this.devices;
    microphone.wanted = does ? OPEN : LINE;
    await microphone.open();
  }

  debug() {
    return { ...this.viewer.debug(), publications: { hall: this.publisher.debug() } };
  }

  #publisher() {
    const { session } = this;
    const heard = () => session.state.value.media.relay && (roomOf(session.state.value)?.live ?? false);
    const publisher = new Publisher({
      source: 'hall',
      url: `/whip/${session.id}/hall`,
      token: session.token,
      lines: ['audio', 'video'],
      heard,
      rival: { alive: session.alive, leave: () => this.#yield() },
    });
    onRelayBack(session, () => publisher.resource.suspect());
    let was = false;
    effect(() => {
      const is = !!roomOf(session.state.value);
      if (was && !is && session.state.value.media.relay) publisher.resource.suspect();
      was = is;
    });
    return publisher;
  }

  /** Leave the room to another desk, which has taken it. */
  #yield() {
    this.stop();
    this.superseded.value = true;
  }

  #wokeUp() {
    for (const device of Object.values(this.devices)) {
      if (device.on.value && device.track.value?.readyState !== 'live') void device.open();
    }
    this.publisher.resource.suspect();
    this.viewer.resource.suspect();
  }
}
