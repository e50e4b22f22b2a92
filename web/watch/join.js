/**
 * Joining: the line to the server and the stage's picture, begun while what draws them is still on its way.
 * Owns nothing but the moment; the document names it first, and it imports nothing that draws.
 */

import { openSession } from '../shared/session.js';
import { joinStage } from '../shared/stage.js';

/** In the hall, picture and sound are in front of everybody. */
export const companion = new URLSearchParams(location.search).has('companion');
document.documentElement.toggleAttribute('data-companion', companion);

/** The session; null without a readable token. */
export const opened = openSession('watch', companion ? 'hall' : null);

/** What plays the stage; null where nothing is to be played. */
export const stage = opened.then((session) => (session && !companion ? joinStage(session) : null));
