/**
 * A programme as somebody reads it: what is live, what is next, which days there are. Pure: the server's
 * answer and its time go in. Times are milliseconds since 1970; days are the reader's.
 */

/**
 * An item as `GET /api/events/{event}/programme` lists it (docs/openapi.json, ListedItem).
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {string} title
 * @property {number} start as planned
 * @property {number} end as planned
 * @property {string} zone the venue's, an IANA name
 * @property {import('../shared/protocol.js').Kind} [kind]
 * @property {string} [room]
 * @property {string} [abstract]
 * @property {readonly string[]} [chairs]
 * @property {readonly string[]} [speakers]
 * @property {import('../shared/protocol.js').Visibility} [visibility]
 * @property {boolean} [withdrawn]
 * @property {number} [revision]
 * @property {import('../shared/protocol.js').Status | null} [status] none without a live session
 * @property {string | null} [recording] where it can be seen again
 * @property {{ start: number, end: number, late: number, over: boolean } | null} [expected]
 *
 * @typedef {object} Programme
 * @property {{ id: string, title: string, zone: string }} event
 * @property {number} time the server's
 * @property {ReadonlyArray<{ id: string, name: string }>} rooms
 * @property {ReadonlyArray<{ id: string, name: string, affiliation?: string, title?: string }>} people
 * @property {readonly Item[]} items
 *
 * @typedef {'live' | 'doors' | 'paused' | 'next' | 'later' | 'ended' | 'withdrawn'} Standing
 */

/** @type {ReadonlySet<string>} */
const OVER = new Set(['ended', 'replay']);

const RUNNING = new Set(['live', 'doors', 'paused']);

/** What begins within this of the very next one is next as well: parallel rooms. */
const TOGETHER_MS = 5 * 60_000;

/** When an item begins, as it looks now. @param {Item} item */
export const begins = (item) => item.expected?.start ?? item.start;

/** When it ends. @param {Item} item */
export const ends = (item) => item.expected?.end ?? item.end;

/**
 * Say what is running and what is next, soonest first; what has no live session runs by the clock.
 *
 * @param {readonly Item[]} items
 * @param {number} now
 * @returns {{ live: Item[], next: Item[] }}
 */
export function present(items, now) {
  const held = items.filter((item) => !item.withdrawn && !(item.status && OVER.has(item.status))).sort((a, b) => begins(a) - begins(b));
  const live = held.filter((item) =>
    item.status && item.status !== 'planned' ? RUNNING.has(item.status) : !item.status && begins(item) <= now && now < ends(item),
  );
  const coming = held.filter((item) => !live.includes(item) && (item.status === 'planned' ? ends(item) : begins(item)) > now);
  const first = coming[0];
  return { live, next: first ? coming.filter((item) => begins(item) - begins(first) <= TOGETHER_MS) : [] };
}

/**
 * Say where an item stands.
 *
 * @param {Item} item
 * @param {{ live: readonly Item[], next: readonly Item[] }} now as `present` gives it
 * @param {number} time
 * @returns {Standing}
 */
export function standing(item, { live, next }, time) {
  if (item.withdrawn) return 'withdrawn';
  if (live.includes(item)) return item.status === 'doors' || item.status === 'paused' ? item.status : 'live';
  if (item.status && OVER.has(item.status)) return 'ended';
  if (next.includes(item)) return 'next';
  return ends(item) <= time ? 'ended' : 'later';
}

/**
 * Sort items by the reader's days.
 *
 * @param {readonly Item[]} items
 * @param {string} zone the reader's, an IANA name
 * @returns {{ day: string, items: Item[] }[]} `day` as `2026-05-01`, in order
 */
export function days(items, zone) {
  /** @type {Map<string, Item[]>} */
  const found = new Map();
  for (const item of [...items].sort((a, b) => a.start - b.start || a.id.localeCompare(b.id))) {
    const day = dayOf(item.start, zone);
    found.set(day, [...(found.get(day) ?? []), item]);
  }
  return [...found].map(([day, list]) => ({ day, items: list }));
}

/**
 * @param {number} at
 * @param {string} zone
 * @returns {string} `2026-05-01`
 */
export function dayOf(at, zone) {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const part = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part['year']}-${part['month']}-${part['day']}`;
}

/**
 * Choose the day to show first: today, else the next one there is, else the last.
 *
 * @param {ReadonlyArray<{ day: string }>} list
 * @param {string} today
 */
export const firstDay = (list, today) => (list.find(({ day }) => day >= today) ?? list.at(-1))?.day ?? today;

/**
 * Write one item as a calendar (RFC 5545), under the UID that the server's calendars have for it, so that
 * both are one entry.
 *
 * @param {Item} item
 * @param {{ room: string, people: string, url: string, now: number }} known
 */
export function calendarOf(item, { room, people, url, now }) {
  const utc = (/** @type {number} */ at) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const text = (/** @type {string} */ value) => value.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Rostrum//Programme//EN',
    'BEGIN:VEVENT',
    `UID:${item.id}@rostrum`,
    `DTSTAMP:${utc(now)}`,
    `DTSTART:${utc(begins(item))}`,
    `DTEND:${utc(ends(item))}`,
    `SEQUENCE:${item.revision ?? 0}`,
    `SUMMARY:${text(item.title)}`,
    ...(room ? [`LOCATION:${text(room)}`] : []),
    ...(people || item.abstract ? [`DESCRIPTION:${text([people, item.abstract].filter(Boolean).join('\n\n'))}`] : []),
    `URL:${url}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ]
    .map(folded)
    .join('\r\n');
}

/** Break a line into pieces of at most 75 octets (RFC 5545, section 3.1). @param {string} line */
function folded(line) {
  const encoder = new TextEncoder();
  let [out, length] = ['', 0];
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (length + size > 74) [out, length] = [`${out}\r\n `, 1];
    out += character;
    length += size;
  }
  return out;
}
