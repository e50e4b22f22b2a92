/**
 * A camera that shows what time it is: getUserMedia gives a canvas with the strip painted on it instead
 * of the browser's fake camera; the fake microphone stays. Needs clock_reader.js before it. It is 640 × 360
 * unless `globalThis.paintedSize` says otherwise.
 */
(() => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const getUserMedia = devices.getUserMedia.bind(devices);

  const open = () => {
    const canvas = document.createElement('canvas');
    const [width, height] = globalThis.paintedSize ?? [640, 360];
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d');
    let counter = 0;
    const paint = () => {
      context.fillStyle = `hsl(${(counter * 2) % 360} 30% 30%)`;
      context.fillRect(0, 0, width, height);
      clockReader.paint(context, Date.now(), counter++ % 65536);
    };
    paint();
    const timer = setInterval(paint, 1000 / 30);
    const stream = canvas.captureStream(30);
    const [track] = stream.getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return stream;
  };

  devices.getUserMedia = (wanted) => (wanted?.video ? Promise.resolve(open()) : getUserMedia(wanted));
})();
