/**
 * What a viewer reaches for once the picture is there and one can write: it comes with `more.js`, a moment
 * later, so that the first look does not wait for it. Until then its places are empty.
 */

import { signal } from '../vendor/signals.js';

/** @type {import('../vendor/signals.js').Signal<typeof import('./more.js').more | null>} */
export const later = signal(null);
