/**
 * A page's view of a feed. Owns what a viewer must know of the session: whether a picture could be
 * there, whether it is sent, and when the relay has just come back. Between store and media, nothing else.
 */

/** @import { LiveSession } from './session.js' */

import { effect } from '../vendor/signals.js';
import { Viewer } from './media/whep.js';
import { backstage, isOver, mediaOnStage, onAir, pictureOnStage, returnFeed } from './selectors.js';

/**
 * Join what the audience gets, for as long as the session lasts.
 *
 * @param {LiveSession} session
 */
export function joinStage(session) {
  const viewer = new Viewer({
    url: `/whep/${session.id}/stage?wait=1`,
    token: session.token,
    flowing: () => mediaOnStage(session.state.value),
    expect: (slot) => ({
      wanted: !viewer.soundOnly.peek() && onAir(session.state.value).length > 0,
      sent: pictureOnStage(session.state.value, slot === 'main' ? 'camera' : 'slides'),
    }),
  });
  effect(() => (isOver(session.state.value.session?.status) ? viewer.stop() : viewer.start()));
  onRelayBack(session, () => viewer.resource.suspect());
  let main = '';
  effect(() => {
    const first = session.state.value.stage[0]?.id ?? '';
    if (first !== main) viewer.anotherSpeaker();
    main = first;
  });
  return viewer;
}

/**
 * Prepare to see and hear what this person is sent back: the hall, the programme, or those backstage, as
 * their cue has it, on one connection. The caller starts and stops it.
 *
 * @param {LiveSession} session
 */
export function joinReturn(session) {
  const sent = () => {
    const state = session.state.value;
    const { known, relay, publications } = state.media;
    if (!known || !relay) return null;
    const live = (/** @type {string} */ id) => publications.some((p) => p.participant === id && p.live);
    const others = backstage(state).filter((person) => person.id !== state.you?.id);
    const talk = others.some((person) => live(person.id));
    switch (returnFeed(state)) {
      case 'hall':
        return publications.some((p) => p.source === 'hall' && p.live);
      case 'programme':
        return mediaOnStage(state) || (talk && backstage(state).length > others.length);
      case 'backstage':
        return talk;
      default:
        return false;
    }
  };
  const picture = () => {
    const state = session.state.value;
    return returnFeed(state) === 'programme' ? pictureOnStage(state, 'camera') : sent();
  };
  const viewer = new Viewer({
    url: `/whep/${session.id}/return?wait=1`,
    token: session.token,
    flowing: sent,
    expect: (slot) => ({ wanted: slot === 'main', sent: picture() }),
  });
  onRelayBack(session, () => viewer.resource.suspect());
  return viewer;
}

/**
 * Call back when the relay is reachable again: it may be a new one that knows nobody.
 *
 * @param {LiveSession} session
 * @param {() => void} back
 */
export function onRelayBack(session, back) {
  let reachable = true;
  effect(() => {
    const { relay } = session.state.value.media;
    if (relay && !reachable) back();
    reachable = relay;
  });
}
