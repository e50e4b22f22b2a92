/**
 * A peer connection that knows the networks there are now. Chromium tells a page's WebRTC of a new network
 * two to three and a half seconds late, and connections made meanwhile are offered the ones that are gone;
 * a frame that has just been made asks the system itself. So a connection that is built because the last
 * one's network went away is built in a frame of its own, and the frame lives as long as it does.
 */

/** @type {WeakMap<RTCPeerConnection, HTMLIFrameElement>} */
const frames = new WeakMap();

/** Only Chromium has this, is late, and lets an empty frame be used at once. */
const late = 'connection' in navigator;

/**
 * @param {RTCConfiguration} configuration
 * @returns {RTCPeerConnection} to be handed to `release` when it is closed
 */
export function freshPeer(configuration) {
  if (!late) return new RTCPeerConnection(configuration);
  const frame = document.createElement('iframe');
  frame.hidden = true;
  document.body.append(frame);
  const inner = /** @type {(Window & typeof globalThis) | null} */ (frame.contentWindow);
  const peer = new (inner ?? window).RTCPeerConnection(configuration);
  frames.set(peer, frame);
  return peer;
}

/** @param {RTCPeerConnection} peer one that has been closed, whoever made it */
export function release(peer) {
  frames.get(peer)?.remove();
  frames.delete(peer);
}
