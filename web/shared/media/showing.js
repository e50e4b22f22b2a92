/**
 * Whether a slot's picture is to be seen, and how good it is. Owns these judgements alone, as pure functions: what was
 * seen of frames, what the session says, and the time go in. The law: while we ourselves are cut off, the
 * last picture stays; a picture that was ended by people goes.
 */

/** Without frames this long a picture is over, unless somebody says that it stands still. */
export const STILL_MS = 3000;

/** A picture goes this long after the session says that nobody sends it. */
export const ENDED_MS = 2000;

/** How long the last picture of a speaker whose line broke is kept. */
export const HELD_MS = 10_000;

/**
 * @typedef {object} Seen times in milliseconds of one clock
 * @property {number | null} lastFrameAt null: no frame yet since the slot was last empty
 * @property {boolean} cutOff our own media connection is being rebuilt
 * @property {boolean} wanted whether the session has anybody who could be in this picture
 * @property {boolean | null} sent whether somebody sends it now, as the session says; null: nobody can tell
 * @property {number} sentSince since when that is so
 * @property {boolean} mayStandStill a picture like slides, which may send no frame for long
 */

/**
 * @param {Seen} seen
 * @param {number} now
 * @returns {'live' | 'held' | 'none'} `held`: the last picture, which is no longer moving
 */
export function showing(seen, now) {
  if (seen.lastFrameAt === null || !seen.wanted) return 'none';
  const still = now - seen.lastFrameAt;
  if (seen.cutOff) return still > STILL_MS ? 'held' : 'live';
  if (seen.mayStandStill) {
    if (seen.sent === false && now - seen.sentSince > ENDED_MS) return 'none';
    if (seen.sent === true || still <= STILL_MS) return 'live';
    return 'none';
  }
  if (still <= STILL_MS) return 'live';
  return seen.sent === false && still <= HELD_MS ? 'held' : 'none';
}

/** Lines from which a picture is called sharp. */
export const SHARP = 700;

/** Below this part of the best picture had, it is a lower layer. */
const LOWER = 0.7;

/** Without a frame for this long, in milliseconds, it stands. */
const STANDING_MS = 1000;

/**
 * Say how good a picture is. It is called softer only where this viewer has had a better one of the same speaker;
 * whose network narrowed, theirs or one's own, it cannot know.
 *
 * @param {{ height: number, best: number, still: number | null, sent: boolean | null, connected: boolean }} seen
 *   `height`: lines now; `best`: the most there have been of this speaker; `still`: milliseconds since the
 *   last frame, null without any; `sent`: whether somebody sends one; `connected`: whether our line is up
 * @returns {'none' | 'waiting' | 'sharp' | 'good' | 'soft' | 'standing'}
 */
export function quality({ height, best, still, sent, connected }) {
  if (still === null) return sent === false ? 'none' : 'waiting';
  if (still > STANDING_MS) return sent === false || !connected ? 'waiting' : 'standing';
  if (height < best * LOWER) return 'soft';
  return height >= SHARP ? 'sharp' : 'good';
}
