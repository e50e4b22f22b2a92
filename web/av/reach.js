/**
 * Whom the hall's camera and microphone reach, by what the session says. Pure. The law: nobody is named who
 * is not sent them, and “everybody” is said only while the floor is the hall's.
 */

/** @import { Hand, Person } from '../shared/protocol.js' */
/** @import { State } from '../shared/store.js' */

import { publication, slate } from '../shared/selectors.js';

/** The room publishes as one participant, whatever desk it is (signaling/director.py). */
export const ROOM = 'hall';

/** What is published of the room, as the relay sees it. @param {State} state */
export const roomOf = (state) => publication(state, ROOM, 'hall');

/**
 * Return who has the floor, while anybody hears it.
 *
 * @param {State} state
 * @returns {Person | null}
 */
export const voice = (state) =>
  state.session?.status === 'live' && slate(state) === null ? (state.floor.speaking?.person ?? null) : null;

/**
 * Say whom it reaches.
 *
 * @param {State} state
 * @param {boolean} sending whether this desk means to send
 * @returns {{ is: 'off' | 'coming' | 'nobody' | 'some' | 'everybody', people: readonly Person[] }}
 *   `coming`: it does not arrive yet, or not any more
 */
export function reach(state, sending) {
  if (!sending) return { is: 'off', people: [] };
  if (!roomOf(state)?.live) return { is: 'coming', people: [] };
  const people = state.media.hallTo ?? [];
  if (voice(state)?.place === 'hall') return { is: 'everybody', people };
  return { is: people.length ? 'some' : 'nobody', people };
}

/**
 * Return the hands of those in the hall, in their order: who speaks, who is called, who waits.
 *
 * @param {State} state
 * @returns {readonly Hand[]}
 */
export function handsInHall(state) {
  const { speaking, called, line } = state.floor;
  return [speaking, called, ...line].flatMap((hand) => (hand?.person.place === 'hall' ? [hand] : []));
}
