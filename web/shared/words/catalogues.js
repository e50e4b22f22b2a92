/** Every language there is. Another one is another file of the English one's shape, and a line here. */

import { en } from './en.js';
import { zh } from './zh.js';

/** By BCP 47 tag; the first is for those whose language is missing. */
export const catalogues = { en, zh };
