/**
 * Whether a speaker is ready, step by step. Pure: what the devices, the meter and the pre-flight say goes in,
 * a state of each step comes out.
 */

/** @import { Trouble } from '../shared/media/devices.js' */
/** @import { Preflight } from '../shared/protocol.js' */

/** @typedef {'ready' | 'look' | 'wait'} Step */

/**
 * @param {{ running: boolean, trouble: Trouble | null, wanted: boolean }} camera
 * @returns {Step}
 */
export const pictureStep = ({ running, trouble, wanted }) =>
  trouble || !wanted ? 'look' : running ? 'ready' : 'wait';

/**
 * @param {{ running: boolean, trouble: Trouble | null, heard: boolean, silent: boolean, loud: boolean }} microphone
 *   `heard`: whether a voice has come at all
 * @returns {Step}
 */
export const soundStep = ({ running, trouble, heard, silent, loud }) =>
  trouble || loud || (silent && !heard) ? 'look' : running && heard ? 'ready' : 'wait';

/**
 * @param {Preflight | undefined} preflight the last one; without a grade it is running
 * @param {number} now the server's time
 * @returns {Step | 'running'}
 */
export function networkStep(preflight, now) {
  if (!preflight) return 'wait';
  if (!preflight.grade) return now < preflight.until + 5000 ? 'running' : 'wait';
  return preflight.grade === 'green' ? 'ready' : 'look';
}

/**
 * Say what is to be pressed next: what has not been done comes before going on. Who has no camera goes on without.
 *
 * @param {{ sound: Step, network: Step | 'running' }} steps
 * @returns {'measure' | 'go' | null} null: something is running, or to be put right first
 */
export function nextStep({ sound, network }) {
  if (network === 'wait') return 'measure';
  return network === 'running' || sound === 'look' ? null : 'go';
}
