/**
 * The strip of stream/clients/strip.py for browsers: reads the wall clock and the frame counter from a
 * video, paints them, and samples a video frame by frame. Injected into pages as `window.clockReader`.
 */
(() => {
  const COLUMNS = 32;
  const ROWS = 2;
  const FINDER = [1, 0, 1, 0];
  const MIN_CONTRAST = 64;

  /** CRC-8, polynomial x^8 + x^2 + x + 1. */
  const crc8 = (bytes) => {
    let crc = 0;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xff;
    }
    return crc;
  };

  /** Give the 64 blocks of a strip, 1 for white. */
  const encode = (ms, counter) => {
    const low = ms % 2 ** 32;
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(low / 2 ** shift) & 0xff);
    bytes.push((counter >> 8) & 0xff, counter & 0xff);
    bytes.push(crc8(bytes));
    const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
    return [...FINDER, ...bits, ...FINDER.map((bit) => 1 - bit)];
  };

  /** Paint a strip along the lower edge of a canvas. */
  const paint = (context, ms, counter) => {
    const { width, height } = context.canvas;
    const side = Math.floor(width / COLUMNS);
    encode(ms, counter).forEach((bit, i) => {
      const row = Math.floor(i / COLUMNS);
      context.fillStyle = bit ? '#fff' : '#000';
      context.fillRect((i % COLUMNS) * side, height - (ROWS - row) * side, side, side);
    });
  };

  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });

  /** Give the mean brightness of a part of a video; all lengths as fractions of its width and height. */
  const brightness = (video, left, top, width, height) => {
    const [w, h] = [video.videoWidth, video.videoHeight];
    canvas.width = 8;
    canvas.height = 8;
    context.drawImage(video, left * w, top * h, width * w, height * h, 0, 0, 8, 8);
    const { data } = context.getImageData(0, 0, 8, 8);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i + 1];
    return sum / (data.length / 4);
  };

  /** Read a video's strip: `{ ms, counter, age }`, `age` in ms by this machine's clock; null if unreadable. */
  const read = (video) => {
    const now = Date.now();
    const [w, h] = [video.videoWidth, video.videoHeight];
    const side = w / COLUMNS;
    if (side < 4 || h < ROWS * side) return null;
    const strip = Math.ceil(ROWS * side);
    canvas.width = w;
    canvas.height = strip;
    context.drawImage(video, 0, h - strip, w, strip, 0, 0, w, strip);
    const { data } = context.getImageData(0, 0, w, strip);
    const means = Array.from({ length: ROWS * COLUMNS }, (_, i) => {
      const top = strip - (ROWS - Math.floor(i / COLUMNS)) * side;
      const left = (i % COLUMNS) * side;
      let [sum, count] = [0, 0];
      for (let y = Math.round(top + side / 4); y < Math.round(top + 0.75 * side); y++) {
        for (let x = Math.round(left + side / 4); x < Math.round(left + 0.75 * side); x++) {
          sum += data[(y * w + x) * 4 + 1];
          count++;
        }
      }
      return sum / count;
    });
    const edges = [...means.slice(0, 4), ...means.slice(-4)];
    const expected = [...FINDER, ...FINDER.map((bit) => 1 - bit)];
    const white = edges.filter((_, i) => expected[i]);
    const black = edges.filter((_, i) => !expected[i]);
    if (Math.min(...white) - Math.max(...black) < MIN_CONTRAST) return null;
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const level = (mean(white) + mean(black)) / 2;
    const bits = means.slice(4, -4).map((value) => Number(value > level));
    const bytes = Array.from({ length: 7 }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8).join(''), 2));
    if (crc8(bytes.slice(0, 6)) !== bytes[6]) return null;
    const ms = bytes.slice(0, 4).reduce((value, byte) => value * 256 + byte, 0);
    const age = ((((now - ms + 2 ** 31) % 2 ** 32) + 2 ** 32) % 2 ** 32) - 2 ** 31;
    return { ms, counter: bytes[4] * 256 + bytes[5], age };
  };

  /** Call back for each frame a video shows, for so many ms; where frames are not told, look 60 times a second. */
  const eachFrame = (video, ms, onFrame) =>
    new Promise((done) => {
      const end = performance.now() + ms;
      const tells = 'requestVideoFrameCallback' in video;
      const timer = setTimeout(() => done(), ms);
      const next = () => {
        if (performance.now() > end) return;
        onFrame();
        if (tells) video.requestVideoFrameCallback(next);
        else setTimeout(next, 16);
      };
      if (tells) video.requestVideoFrameCallback(next);
      else next();
      void timer;
    });

  /**
   * Watch a video for so many ms.
   *
   * @returns {Promise<{ ages: number[], counters: number[], unread: number, gap: number }>} `gap`: the
   *   longest time without a new frame, in ms
   */
  const watch = async (video, ms) => {
    const [ages, counters] = [[], []];
    let unread = 0;
    let gap = 0;
    let last = performance.now();
    let newest = null;
    await eachFrame(video, ms, () => {
      const reading = read(video);
      if (reading === null) return void unread++;
      if (reading.ms === newest) return undefined;
      newest = reading.ms;
      gap = Math.max(gap, performance.now() - last);
      last = performance.now();
      ages.push(reading.age);
      counters.push(reading.counter);
      return undefined;
    });
    return { ages, counters, unread, gap: Math.max(gap, performance.now() - last) };
  };

  Object.defineProperty(globalThis, 'clockReader', {
    value: Object.freeze({ encode, paint, brightness, read, eachFrame, watch }),
  });
})();
