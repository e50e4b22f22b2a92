/** How wide a text is. Pure. */

/** @param {string} text @returns {number} in Latin letters: what stands in a square counts twice */
export const letters = (text) => [...text].reduce((sum, letter) => sum + (letter >= '\u2e80' ? 2 : 1), 0);
