/** What a page imports that says more than the audience's: all words there are. */

import { learn } from '../words.js';
import { catalogues } from './catalogues.js';

learn(catalogues);
