/** Which part of something long is to be seen, and that it is one. */

/** @import { LiveSession } from '../shared/session.js' */

import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useRef } from '../vendor/preact-hooks.js';
import { turnOf } from './board.js';

/** In this time a part is read, silently. */
const PART_MS = 14_000;

/**
 * Return which part is to be seen, from 0: the first one first, and then the others, over and over.
 *
 * @param {LiveSession} session
 * @param {number} parts
 */
export function usePart(session, parts) {
  const since = useRef(session.now.value).current;
  return parts > 1 ? turnOf(parts, since, session.now.value, PART_MS) : 0;
}

/** @param {{ part: number, parts: number }} props */
export const Part = ({ part, parts }) => html`
  <span class="part count" aria-label=${say(words.hall.part, { n: part + 1, all: parts })}>${part + 1} / ${parts}</span>
`;
