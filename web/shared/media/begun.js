/**
 * When a track may be given to an element. Until an element has something to show, it keeps its document from
 * having loaded: a tab whose speaker is not there yet would turn its wheel for ever. So while a document loads,
 * a track waits until something of it arrives, or until all else is there.
 */

/**
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
