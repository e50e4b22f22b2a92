/** A line in words: a grade that everybody understands, then the few numbers behind it. */

/** @import { Line } from './lines.js' */

import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

const { direct } = words;

/** @param {{ line: Line | undefined }} props */
export function LineWords({ line }) {
  if (!line) return null;
  const numbers = [
    line.height && say(direct.line.height, { n: line.height }),
    line.rate !== null && say(direct.line.rate, { n: Math.round(line.rate / 100_000) / 10 }),
    line.loss !== null && say(direct.line.loss, { n: Math.round(line.loss * 1000) / 10 }),
    line.roundTrip !== null && say(direct.line.roundTrip, { n: line.roundTrip }),
  ].filter(Boolean);
  return html`
    <p class="line-words" data-grade=${line.grade}>
      <span>${line.picture ? direct.line[line.grade] : direct.line.noPicture}</span>
      <span class="quiet">${numbers.join(' · ')}</span>
    </p>
  `;
}
