/**
 * How loud a microphone is. Owns one AudioContext and its analyser; says a number, draws nothing.
 */

/** Loudness that counts as nothing at all, in dB below full scale. */
export const FLOOR_DB = -60;

/**
 * Turn samples into a meter's reading: the peak, on a scale where each dB is as long as the next.
 *
 * @param {ArrayLike<number>} samples between -1 and 1
 * @returns {number} 0 (at or below the floor) to 1 (full scale)
 */
export function reading(samples) {
  let peak = 0;
  for (let i = 0; i < samples.length; i++) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
  const db = 20 * Math.log10(Math.max(peak, 1e-9));
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/**
 * Measure a track until it is let go.
 *
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} tell 0 to 1, about 20 times a second
 * @returns {() => void} stops measuring
 */
export function measure(track, tell) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 2048 });
  new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    analyser.getFloatTimeDomainData(samples);
    tell(reading(samples));
  }, 50);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
