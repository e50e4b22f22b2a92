/**
 * How good a picture is, as a word. Pure: what was received goes in. A picture is called softer only where
 * this viewer has had a better one of the same speaker; whose network narrowed, theirs or one's own, it cannot know.
 */

/** Lines from which a picture is called sharp. */
export const SHARP = 700;

/** Below this part of the best picture had, it is a lower layer. */
const LOWER = 0.7;

/** Without a frame for this long, in milliseconds, it stands. */
const STANDING_MS = 1000;

/**
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
