/** All parts of the page that its first look does without; see `later.js`. */

import { Captions, CaptionsButton, CaptionsChoice, wanted } from '../shared/ui/captions.js';
import { Declaration, SignCall, signedOf } from '../shared/ui/declaration.js';
import { keepFocus } from '../shared/ui/focus.js';
import { Questions } from '../shared/ui/questions.js';
import { Floor, Hand } from './floor.js';
import { later } from './later.js';
import { Player } from './player.js';
import { Polls } from './polls.js';

export const more = { Captions, CaptionsButton, CaptionsChoice, wanted, Declaration, Floor, Hand, Player, Polls, Questions, SignCall, signedOf };

later.value = more;
keepFocus();
