/**
 * What a speaker is told of where they stand: on air, about to be, on stage and not seen, or behind it; and what of
 * them goes out. Pure: a session's state and what runs here go in, keys of the catalogue come out. The law: red is
 * for who is seen or heard by the audience now.
 */

/** @import { State } from '../shared/store.js' */

import { cueOf, gone, isOver, onAir, slate } from '../shared/selectors.js';

/**
 * @typedef {'onAir' | 'muted' | 'slate' | 'paused' | 'notBegun' | 'absent' | 'standby' | 'ready' | 'called' | 'done' | 'backstage'} Says
 *   `absent`: on stage, and nothing of them is sent; `called`: on stand-by, and nothing is
 *
 * @typedef {object} Tally
 * @property {'on' | 'standby' | 'covered' | 'off'} air
 * @property {Says} says
 * @property {number | null} until when a break is meant to end, in ms by the server's clock
 */

/**
 * Say how somebody stands who is backstage: they send, and wait or are on stage.
 *
 * @param {State} state
 * @param {string} id
 * @returns {Tally}
 */
export function tallyOf(state, id) {
  const on = state.stage.some((person) => person.id === id) && !isOver(state.session?.status);
  if (on) {
    if (onAir(state).some((person) => person.id === id)) {
      return { air: 'on', says: state.air.muted?.includes(id) ? 'muted' : 'onAir', until: null };
    }
    if (slate(state) !== null) return { air: 'covered', says: 'slate', until: null };
    if (state.session?.status !== 'paused') return { air: 'covered', says: 'notBegun', until: null };
    return { air: 'covered', says: 'paused', until: state.session.resumes ?? null };
  }
  const cue = cueOf(state, id);
  if (cue?.state === 'standby') return { air: 'standby', says: cue.acknowledged ? 'ready' : 'standby', until: null };
  return { air: 'off', says: cue?.state === 'cleared' ? 'done' : 'backstage', until: null };
}

/**
 * Say what somebody in the green room must know: they are wanted, and nothing of them arrives. An encoder, or another
 * window, may send for them.
 *
 * @param {State} state
 * @param {string} id
 * @returns {Tally | null}
 */
export function wanted(state, id) {
  const { air, until } = tallyOf(state, id);
  if (air === 'off' || gone(state, id) !== true) return null;
  return air === 'standby' ? { air, says: 'called', until } : { air: 'covered', says: 'absent', until };
}

/**
 * Say what goes out of what runs here.
 *
 * @param {{ picture: boolean, sound: boolean }} sent
 * @returns {'both' | 'picture' | 'sound' | 'nothing'}
 */
export const goingOut = ({ picture, sound }) => (picture ? (sound ? 'both' : 'picture') : sound ? 'sound' : 'nothing');
