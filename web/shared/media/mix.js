/** Two sounds as one track: a voice and what a shared tab plays. Owns the AudioContext between them. */

/**
 * @param {readonly MediaStreamTrack[]} tracks
 * @returns {{ track: MediaStreamTrack | null, close: () => void }}
 */
export function mixed(tracks) {
  const context = new AudioContext();
  const out = new MediaStreamAudioDestinationNode(context);
  for (const track of tracks) {
    new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(out);
  }
  void context.resume().catch(() => undefined);
  return { track: out.stream.getAudioTracks()[0] ?? null, close: () => void context.close() };
}
