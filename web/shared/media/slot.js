/**
 * One picture slot of a viewer: a video element, a canvas that holds its last frame while the video is
 * given a new connection, and the count of frames. Owns those three; decides nothing.
 */

export class Slot {
  frames = 0;
  width = 0;
  height = 0;
  /** @type {number | null} `performance.now()` of the newest frame; null once the slot was emptied */
  lastFrameAt = null;

  /** @type {HTMLVideoElement | null} */ #video = null;
  /** @type {HTMLCanvasElement | null} */ #canvas = null;
  /** @type {MediaStream | null} */ #stream = null;
  #counted = 0;

  /**
   * Take the elements that show this slot; null when they go.
   *
   * @param {HTMLVideoElement | null} video
   * @param {HTMLCanvasElement | null} canvas
   */
  attach(video, canvas) {
    this.#video = video;
    this.#canvas = canvas;
    if (!video) return;
    video.muted = true;
    this.#listen(video);
    this.#show();
  }

  /**
   * Show another track from now on; the last frame stays in sight until its first one is there.
   *
   * @param {MediaStreamTrack} track
   */
  take(track) {
    this.#hold();
    this.#stream = new MediaStream([track]);
    this.#counted = 0;
    this.#show();
  }

  /** Forget the picture: the next one counts as a new one. */
  empty() {
    this.lastFrameAt = null;
    this.#release();
  }

  /** Count frames where the browser does not call back for each. */
  look() {
    const total = this.#video?.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
    if (total > this.#counted) this.#seen(total - this.#counted, false);
    this.#counted = total;
  }

  /** Let the element play what is there, as soon as that has begun. */
  #show() {
    const stream = this.#stream;
    const [track] = stream?.getTracks() ?? [];
    if (!track) return;
    begun(track, () => {
      if (!this.#video || stream !== this.#stream) return;
      if (this.#video.srcObject !== stream) this.#video.srcObject = stream;
      // Muted video may always play; an interrupted play() is followed by another.
      this.#video.play().catch(() => undefined);
    });
  }

  /** @param {HTMLVideoElement} video */
  #listen(video) {
    if (!('requestVideoFrameCallback' in video)) return;
    const next = () => {
      if (video !== this.#video) return;
      this.#seen(1, true);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  /**
   * @param {number} frames
   * @param {boolean} byCallback
   */
  #seen(frames, byCallback) {
    const video = this.#video;
    if (!video) return;
    this.lastFrameAt = performance.now();
    if (byCallback || !('requestVideoFrameCallback' in video)) this.frames += frames;
    this.width = video.videoWidth;
    this.height = video.videoHeight;
    this.#release();
  }

  #hold() {
    const [video, canvas] = [this.#video, this.#canvas];
    if (!video || !canvas || !video.videoWidth || this.lastFrameAt === null) return;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    canvas.dataset['holding'] = '';
  }

  #release() {
    if (this.#canvas) delete this.#canvas.dataset['holding'];
  }
}

/**
 * Give a track to an element when that may be done. Until an element has something to show, it keeps its document from
 * having loaded: a tab whose speaker is not there yet would turn its wheel for ever. So while a document loads, a track
 * waits until something of it arrives, or until all else is there.
 *
 * @param {MediaStreamTrack} track
 * @param {() => void} go called once, at once where nothing has to be waited for
 */
export function begun(track, go) {
  if (document.readyState === 'complete' || !track.muted) return go();
  const done = () => {
    removeEventListener('load', done);
    track.removeEventListener('unmute', done);
    go();
  };
  addEventListener('load', done);
  track.addEventListener('unmute', done);
}
