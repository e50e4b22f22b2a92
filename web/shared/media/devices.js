/**
 * The speaker's camera and microphone. Owns which ones are chosen (kept for the next time), the tracks
 * that run, and what is wrong with them, as a reason that has words. The law: one device's trouble
 * never takes the other away, a device that is pulled out is replaced by another if there is one, and where a
 * server lets people in first, none is asked for before it has, whatever wakes or changes meanwhile.
 */

import { effect, signal } from '../../vendor/signals.js';

/** @typedef {'camera' | 'microphone'} DeviceKind */
/** @typedef {'denied' | 'missing' | 'in_use' | 'insecure' | 'unplugged' | 'muted_by_system'} Trouble */

const WANTED = {
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/**
 * Name what getUserMedia or getDisplayMedia failed of (Media Capture and Streams, section 10.2).
 *
 * @param {unknown} error
 * @returns {Trouble}
 */
export function troubleOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return 'in_use';
}

/**
 * Name the browser, as far as its way to a permission differs.
 *
 * @param {string} agent `navigator.userAgent`
 * @returns {'chromium' | 'firefox' | 'safari' | 'ios' | 'android'}
 */
export function browserOf(agent) {
  if (/iPhone|iPad|iPod/.test(agent)) return 'ios';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Android/.test(agent)) return 'android';
  if (/Chrome\//.test(agent)) return 'chromium';
  return /Safari\//.test(agent) ? 'safari' : 'chromium';
}

/** One kind of device: the choice, the running track, the trouble. */
export class Device {
  /** @type {import('../../vendor/signals.js').Signal<MediaStreamTrack | null>} */
  track = signal(null);
  /** @type {import('../../vendor/signals.js').Signal<Trouble | null>} */
  trouble = signal(null);
  /** @type {import('../../vendor/signals.js').Signal<readonly MediaDeviceInfo[]>} */
  choices = signal([]);
  /** Whether the person wants it on. */
  on = signal(true);
  /** Whether it may be asked for. */
  allowed = true;
  /** Counts openings, so that of two at once the later one stands. */
  #opening = 0;

  /**
   * @param {DeviceKind} kind
   * @param {string} [kept] under which name the choice is kept: a room's own camera is not a speaker's
   */
  constructor(kind, kept = kind) {
    this.kind = kind;
    this.kept = kept;
    /** What is asked of it beside being this one. @type {MediaTrackConstraints} */
    this.wanted = WANTED[kind];
  }

  get #key() {
    return `rostrum.device.${this.kept}`;
  }

  /** Id of the device that runs, else of the one chosen last. */
  get chosen() {
    return this.track.value?.getSettings().deviceId ?? localStorage.getItem(this.#key) ?? '';
  }

  /**
   * Use this device from now on.
   *
   * @param {string} id
   */
  async choose(id) {
    localStorage.setItem(this.#key, id);
    await this.open();
  }

  /** Start the chosen device, or any other where it is not there; trouble is told, never thrown. */
  async open() {
    if (!this.allowed) return;
    const opening = ++this.#opening;
    if (!navigator.mediaDevices) {
      this.trouble.value = 'insecure';
      return;
    }
    // Some cameras open once only: the old track goes first.
    this.track.value?.stop();
    this.track.value = null;
    const chosen = localStorage.getItem(this.#key);
    try {
      const stream = await this.#ask(chosen);
      const [track] = stream.getTracks();
      if (!track) return;
      if (opening !== this.#opening || !this.on.value) return track.stop();
      this.#follow(track);
      this.trouble.value = null;
    } catch (error) {
      if (opening === this.#opening) this.trouble.value = troubleOf(error);
    }
    await this.list();
  }

  /**
   * Ask for one device, or for any where it is not there. Of a device that is merely ideal, browsers take another
   * one that they prefer.
   *
   * @param {string | null} id
   * @returns {Promise<MediaStream>}
   */
  async #ask(id) {
    const wanted = { ...this.wanted, ...(id ? { deviceId: { exact: id } } : {}) };
    try {
      return await navigator.mediaDevices.getUserMedia(this.kind === 'camera' ? { video: wanted } : { audio: wanted });
    } catch (error) {
      if (!id || troubleOf(error) !== 'missing') throw error;
      return this.#ask(null);
    }
  }

  /** Turn it off: the device's own light goes out. */
  close() {
    this.#opening++;
    this.on.value = false;
    this.track.value?.stop();
    this.track.value = null;
  }

  /** Turn it on again. */
  async reopen() {
    this.on.value = true;
    await this.open();
  }

  /** Read anew which devices there are. */
  async list() {
    const kind = this.kind === 'camera' ? 'videoinput' : 'audioinput';
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.choices.value = all.filter((device) => device.kind === kind && device.deviceId);
  }

  /** A device came or went: take up the work again if ours is gone. */
  async changed() {
    await this.list();
    if (this.#opening && this.on.value && !this.track.value) await this.open();
  }

  /** @param {MediaStreamTrack} track */
  #follow(track) {
    track.contentHint = this.kind === 'camera' ? 'motion' : this.wanted.noiseSuppression ? 'speech' : 'music';
    track.addEventListener('ended', () => {
      if (track !== this.track.value) return;
      this.track.value = null;
      this.trouble.value = 'unplugged';
      void this.open();
    });
    track.addEventListener('mute', () => track === this.track.value && (this.trouble.value = 'muted_by_system'));
    track.addEventListener('unmute', () => track === this.track.value && (this.trouble.value = null));
    this.track.value = track;
  }
}

/**
 * Make both devices, which hear of changes for as long as the page lives; `openOnce` lets them be asked for.
 *
 * @param {string} [whose] whose the choices are, where that is not who sits here
 */
export function openDevices(whose = '') {
  const devices = { camera: new Device('camera', `${whose}camera`), microphone: new Device('microphone', `${whose}microphone`) };
  for (const device of Object.values(devices)) device.allowed = false;
  navigator.mediaDevices?.addEventListener('devicechange', () => {
    void devices.camera.changed();
    void devices.microphone.changed();
  });
  return devices;
}

/**
 * Open both devices as soon as they may be used here: who is turned away is asked for nothing.
 *
 * @param {ReturnType<typeof openDevices>} devices
 * @param {() => boolean} allowed read from signals
 */
export function openOnce(devices, allowed) {
  let asked = false;
  effect(() => {
    if (asked || !allowed()) return;
    asked = true;
    for (const device of Object.values(devices)) device.allowed = true;
    queueMicrotask(() => Object.values(devices).forEach((device) => void device.open()));
  });
}
