/** The programme of an event: what is live now, what is next, the day; in the visitor's own time. */

/** @import { Item, Programme as Answer } from './day.js' */

import { seatIn } from '../shared/invitation.js';
import { lateness } from '../shared/late.js';
import { duration, timeOfDay } from '../shared/time.js';
import { IconButton } from '../shared/ui/parts.js';
import { Segments } from '../shared/ui/fields.js';
import { language, listed, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { begins, calendarOf, dayOf, days, ends, firstDay, present, standing } from './day.js';

const MINUTE = 60_000;

/** Sooner than this, the time until it begins is counted out. */
const COUNTED_MS = 60 * MINUTE;

/**
 * @param {{ answer: Answer, now: number, open?: ReadonlySet<string> }} props `now`: the server's time; `open`: the items
 *   that this browser has an invitation to
 */
export function Programme({ answer, now, open }) {
  const { programme } = words;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = days(answer.items, zone);
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const today = dayOf(now, zone);
  const day = chosen ?? firstDay(all, today);
  const at = present(answer.items, now);
  const shown = all.find((one) => one.day === day)?.items ?? [];
  const entry = (/** @type {Item} */ item, large = false) =>
    html`<${Entry} key=${item.id} item=${item} answer=${answer} at=${at} now=${now} large=${large} invited=${!!open?.has(item.id)} />`;
  const dates = Object.fromEntries(all.map((one) => [one.day, dateOf(one.day, 'short')]));
  return html`
    <section class="now" aria-label=${programme.live}>
      <h2 class=${at.live.length ? 'live' : ''}>${programme.live}</h2>
      ${at.live.length
        ? html`<ul>${at.live.map((item) => entry(item, true))}</ul>`
        : html`<p class="empty">${programme.nothingLive}</p>`}
    </section>
    ${at.next.length > 0 &&
    html`<section class="now" aria-label=${programme.next}>
      <h2>${programme.next}</h2>
      <ul>${at.next.map((item) => entry(item, true))}</ul>
    </section>`}
    <section class="day" aria-label=${programme.title}>
      <header class="day-head">
        <h2>${dateOf(day, 'long')}</h2>
        ${all.length > 1 &&
        html`<${Segments} name="day" label=${programme.day} value=${day} keys=${all.map((one) => one.day)} choices=${dates} onChange=${setChosen} />`}
      </header>
      ${shown.length ? html`<ul>${shown.map((item) => entry(item))}</ul>` : html`<p class="empty">${programme.noneToday}</p>`}
    </section>
    <footer class="programme-foot quiet">
      <p>${say(programme.times, { zone: zone.replaceAll('_', ' ') })}</p>
      ${differs(zone, answer.event.zone, now) &&
      html`<p>${say(programme.venueTimes, { time: timeOfDay(now, { zone: answer.event.zone }), zone: answer.event.zone.replaceAll('_', ' ') })}</p>`}
      <p><a href="/api/events/${answer.event.id}/calendar.ics">${programme.calendarAll}</a></p>
    </footer>
  `;
}

/**
 * @param {{ item: Item, answer: Answer, at: { live: readonly Item[], next: readonly Item[] }, now: number, large: boolean,
 *   invited: boolean }} props
 */
function Entry({ item, answer, at, now, large, invited }) {
  const { programme } = words;
  const where = standing(item, at, now);
  const people = (/** @type {readonly string[] | undefined} */ ids) =>
    (ids ?? []).map((id) => answer.people.find((person) => person.id === id)).filter((person) => !!person);
  const speakers = people(item.speakers);
  const chairs = people(item.chairs).map((person) => person.name);
  const room = answer.rooms.find(({ id }) => id === item.room)?.name ?? '';
  const late = where === 'ended' || where === 'withdrawn' ? '' : lateness(item.expected?.late ?? 0);
  const until = begins(item) - now;
  const running = where === 'live' || where === 'doors' || where === 'paused';
  const save = () => {
    const url = `${location.origin}/?event=${answer.event.id}`;
    const text = calendarOf(item, { room, people: listed(speakers.map((p) => p.name)), url, now });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/calendar' }));
    link.download = `${item.id}.ics`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), MINUTE);
  };
  return html`
    <li class="entry" data-standing=${where} data-large=${large ? '' : undefined} data-item=${item.id}>
      <p class="entry-time">
        <time datetime=${new Date(begins(item)).toISOString()}>${timeOfDay(begins(item))}</time>
        <span class="quiet"> – ${timeOfDay(ends(item))}</span>
      </p>
      <div class="entry-what">
        <p class="entry-marks quiet">
          ${where === 'live' && !large
            ? html`<span class="live">${programme.live}</span>`
            : ((running && where !== 'live') || where === 'withdrawn' || (where === 'ended' && !large)) &&
              html`<span class="entry-standing">${programme[where]}</span>`}
          <span>${programme.kinds[item.kind ?? 'talk']}</span>
          ${room && html`<span>${room}</span>`}
          ${item.visibility === 'invitation' && html`<span>${programme.invitation}</span>`}
        </p>
        <h3>${item.title}</h3>
        ${speakers.map(
          (person) => html`<p key=${person.id} class="entry-person">
            ${person.name}${person.affiliation && html`<span class="quiet">, ${person.affiliation}</span>`}
          </p>`,
        )}
        ${chairs.length > 0 && html`<p class="quiet">${say(programme.chair, { names: listed(chairs) })}</p>`}
        ${late &&
        html`<p class="entry-late"><span>${late}</span> ${item.expected?.over && html`<span>${programme.over}</span>`}</p>`}
        ${large && where === 'next' && until > 0 && until < COUNTED_MS &&
        html`<p class="quiet">${say(programme.starts, { time: duration(until) })}</p>`}
        ${large && running && invited && html`<${GoIn} session=${item.id} />`}
        ${item.recording && where === 'ended' && html`<p><a href=${item.recording}>${words.stage.replay}</a></p>`}
        ${item.abstract && !large && html`<details><summary>${programme.about}</summary><p>${item.abstract}</p></details>`}
      </div>
      ${where !== 'ended' &&
      where !== 'withdrawn' &&
      where !== 'live' &&
      html`<${IconButton} icon="calendar" kind="quietly" label=${programme.calendar} name=${say(programme.calendarOf, { title: item.title })} onClick=${save} />`}
    </li>
  `;
}

/** In, by the invitation that this browser has. @param {{ session: string }} props */
function GoIn({ session }) {
  const [entering, setEntering] = useState(false);
  const [said, setSaid] = useState('');
  const go = async () => {
    setEntering(true);
    const came = await seatIn('watch', session, () => true);
    if (came === 'seated') return location.assign('/watch/');
    setEntering(false);
    setSaid(words.refusals[came === 'later' ? 'unreachable' : 'invitation_needed']);
  };
  return html`
    <p><button type="button" class="button primary" data-action="enter" disabled=${entering} onClick=${go}>${words.programme.enter}</button></p>
    ${said && html`<p class="note" data-said role="alert">${said}</p>`}
  `;
}

/**
 * Write a day as people say it.
 *
 * @param {string} day `2026-05-01`
 * @param {'short' | 'long'} how
 */
const dateOf = (day, how) =>
  new Intl.DateTimeFormat(language.value, {
    timeZone: 'UTC',
    weekday: how,
    day: 'numeric',
    ...(how === 'long' ? { month: 'long' } : {}),
  }).format(new Date(`${day}T12:00:00Z`));

/**
 * Say whether clocks show different times in two zones.
 *
 * @param {string} a
 * @param {string} b
 * @param {number} now
 */
const differs = (a, b, now) => timeOfDay(now, { zone: a }) !== timeOfDay(now, { zone: b });
