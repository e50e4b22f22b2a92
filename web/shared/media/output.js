/**
 * Where sound comes out. Owns the choice of an output, kept for the next time, and what becomes of it when
 * it is unplugged: the system's own plays until it is back. Where a browser has no such choice, that is said.
 */

import { computed, signal } from '../../vendor/signals.js';

const KEPT = 'rostrum.device.output';

/** Whether this browser lets a page choose. */
export const canChooseOutput = typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;

/**
 * Play an element through an output; through the system's own where that one is not to be had.
 *
 * @param {HTMLMediaElement} element
 * @param {string} id a device's, or nothing for the system's own
 */
export async function playThrough(element, id) {
  if (!canChooseOutput || element.sinkId === id) return;
  await element.setSinkId(id).catch(() => element.setSinkId('').catch(() => undefined));
}

/**
 * Say through which output to play: the chosen one if it is there.
 *
 * @param {string} chosen nothing: the system's own
 * @param {ReadonlyArray<{ deviceId: string }>} there
 */
export const usable = (chosen, there) => (there.some(({ deviceId }) => deviceId === chosen) ? chosen : '');

/** The outputs of this machine, and the one chosen. */
export class Output {
  chosen = signal(localStorage.getItem(KEPT) ?? '');
  /** @type {import('../../vendor/signals.js').Signal<readonly MediaDeviceInfo[]>} */
  choices = signal([]);
  /** The one that plays: nothing is the system's own. */
  id = computed(() => usable(this.chosen.value, this.choices.value));
  /** Whether the chosen one is not there. */
  gone = computed(() => this.chosen.value !== '' && this.id.value === '');

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.list());
    void this.list();
  }

  /** Read anew which outputs there are; a browser names them once it may use a microphone. */
  async list() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.choices.value = all.filter(({ kind, deviceId }) => kind === 'audiooutput' && deviceId && deviceId !== 'default');
  }

  /** @param {string} id nothing: the system's own */
  choose(id) {
    localStorage.setItem(KEPT, id);
    this.chosen.value = id;
  }

  /** Whether the browser asks for each output by a question of its own. */
  get asks() {
    return !!navigator.mediaDevices && 'selectAudioOutput' in navigator.mediaDevices;
  }

  /** Let the browser ask which one; nothing changes if it is answered with none. */
  async ask() {
    const devices = /** @type {{ selectAudioOutput: () => Promise<MediaDeviceInfo> }} */ (
      /** @type {unknown} */ (navigator.mediaDevices)
    );
    const device = await devices.selectAudioOutput().catch(() => null);
    if (!device) return;
    await this.list();
    if (!this.choices.value.some(({ deviceId }) => deviceId === device.deviceId)) {
      this.choices.value = [...this.choices.value, device];
    }
    this.choose(device.deviceId);
  }
}
