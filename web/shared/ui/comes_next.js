/** What comes after a session in its event. Pure: the programme as the server lists it goes in. */

/**
 * @typedef {object} Listed an item of `GET /api/events/{event}/programme`, as far as it is needed here
 * @property {string} id
 * @property {string} title
 * @property {number} start
 * @property {number} end
 * @property {string} [room]
 * @property {boolean} [withdrawn]
 * @property {string | null} [status]
 * @property {{ start: number, end: number } | null} [expected]
 */

/**
 * Return what begins next after a session, in its own room where two begin together; null at the end of the day.
 *
 * @param {{ time: number, rooms?: ReadonlyArray<{ id: string, name: string }>, items: readonly Listed[] }} programme
 * @param {string} session
 * @returns {{ title: string, start: number, room: string } | null}
 */
export function comesNext({ time, rooms = [], items }, session) {
  const begins = (/** @type {Listed} */ item) => item.expected?.start ?? item.start;
  const here = items.find(({ id }) => id === session)?.room;
  const away = (/** @type {Listed} */ item) => (item.room === here ? 0 : 1);
  const [next] = items
    .filter((item) => item.id !== session && !item.withdrawn && (!item.status || item.status === 'planned' || item.status === 'doors'))
    .filter((item) => begins(item) > time || (item.status && (item.expected?.end ?? item.end) > time))
    .sort((a, b) => begins(a) - begins(b) || away(a) - away(b));
  if (!next) return null;
  return { title: next.title, start: begins(next), room: rooms.find(({ id }) => id === next.room)?.name ?? next.room ?? '' };
}
