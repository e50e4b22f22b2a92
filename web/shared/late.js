/** How far something is from its planned time, in words: the programme, the door and the direct desk say it alike. */

import { say, words } from './words.js';

const MINUTE = 60_000;

/**
 * Say by how many minutes something is late or early; nothing while it is as planned.
 *
 * @param {number} late in milliseconds, below zero where it is early
 */
export function lateness(late) {
  const minutes = Math.round(late / MINUTE);
  if (!minutes) return '';
  return minutes > 0 ? say(words.programme.late, { n: minutes }) : say(words.programme.early, { n: -minutes });
}
