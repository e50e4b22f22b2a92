/** Which rows of a long list are to be drawn. Pure: heights and a view go in, a slice comes out. */

/** How far beyond the view rows are drawn, in pixels, so that a quick scroll meets them. */
export const BEYOND = 400;

/**
 * @typedef {object} Slice
 * @property {number} from index of the first row drawn
 * @property {number} to index after the last
 * @property {number} before pixels of the rows left out above
 * @property {number} after pixels of the rows left out below
 */

/**
 * @param {readonly number[]} heights of all rows, measured or guessed, in pixels
 * @param {{ top: number, height: number }} view of the scrolled box; a `top` beyond the end is the end
 * @returns {Slice}
 */
export function windowOf(heights, { top, height }) {
  const whole = heights.reduce((sum, row) => sum + row, 0);
  const upper = Math.max(0, Math.min(top, whole - height)) - BEYOND;
  const lower = upper + height + 2 * BEYOND;
  let [from, y] = [0, 0];
  while (from < heights.length && y + (heights[from] ?? 0) <= upper) y += heights[from++] ?? 0;
  const before = y;
  let to = from;
  while (to < heights.length && y < lower) y += heights[to++] ?? 0;
  return { from, to, before, after: whole - y };
}
