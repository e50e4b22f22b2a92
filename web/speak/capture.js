/** Why a screen was not shared. Pure: what getDisplayMedia threw goes in. */

/** @typedef {'cancelled' | 'system' | 'unable'} CaptureTrouble */

/**
 * Tell who closed the browser's choice of windows from a system that lets the browser see none: Chromium says so in
 * the words of a NotAllowedError or by a NotReadableError, Firefox by a NotFoundError (Screen Capture, section 5.1).
 *
 * @param {unknown} error
 * @returns {CaptureTrouble}
 */
export function captureTrouble(error) {
  const { name, message } = error instanceof Error || error instanceof DOMException ? error : { name: '', message: '' };
  const closed = name === 'NotAllowedError' && !/system/i.test(message);
  return closed || name === 'AbortError' ? 'cancelled' : 'system';
}
