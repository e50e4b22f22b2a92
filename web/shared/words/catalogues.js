/** Every language there is, whole: with what the desks, the hall and the entrance say. See `spoken.js`. */

import { en } from './en.js';
import { zh } from './zh.js';

/** By BCP 47 tag; the same as `spoken.js` has. */
export const catalogues = { en, zh };
