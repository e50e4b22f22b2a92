/**
 * Every language there is, as far as every page speaks it. Another one is a file beside `everyone/en.js`, one
 * beside `en.js`, and a line here and in `catalogues.js`.
 */

import { en } from './everyone/en.js';
import { zh } from './everyone/zh.js';

/** By BCP 47 tag; the first is for those whose language is missing. */
export const spoken = { en, zh };
