/** Polls as they are made: drafted, opened, shown, closed, revealed, with how they stand. */

/** @import { Poll } from '../shared/protocol.js' */
/** @import { Intent } from '../shared/connection.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Draft } from './draft.js' */

import { resultOf } from '../shared/selectors.js';
import { Segments, Switch } from '../shared/ui/fields.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useRef, useState } from '../vendor/preact-hooks.js';
import { isOver } from './commands.js';
import { BLANK, draftIntent, lacks, roomLeft } from './draft.js';
import { Act, Refused, useCommands } from './parts.js';
import { Bars } from './sees.js';

/** Longest texts the protocol takes. */
const LONGEST = { text: 300, options: 1300 };

const KINDS = /** @type {const} */ (['single', 'multiple', 'rating']);

/** @param {{ session: LiveSession }} props */
export function PollsDesk({ session }) {
  const { moderate } = words;
  const { polls } = session.state.value;
  const over = isOver(session);
  const [making, setMaking] = useState(false);
  const newest = [...polls].reverse();
  const open = newest.filter((poll) => poll.state === 'open' || poll.on_screen);
  const others = newest.filter((poll) => !open.includes(poll));
  return html`
    <div class="scroll polls-desk" tabindex="0" role="region" aria-label=${moderate.tabs.polls}>
      ${!over &&
      (making
        ? html`<${Draw} session=${session} onLeave=${() => setMaking(false)} />`
        : html`<button type="button" class="button primary" data-action="new-poll" onClick=${() => setMaking(true)}>${moderate.polls.make}</button>`)}
      ${!polls.length && !making && html`<p class="empty">${moderate.polls.empty}</p>`}
      ${[...open, ...others].map((poll) => html`<${Card} key=${poll.id} session=${session} poll=${poll} />`)}
    </div>
  `;
}

/** @param {{ session: LiveSession, poll: Poll }} props */
function Card({ session, poll }) {
  const { moderate } = words;
  const { polls: told } = moderate;
  const commands = useCommands(session);
  const [editing, setEditing] = useState(false);
  if (editing && poll.state === 'draft') return html`<${Draw} session=${session} poll=${poll} onLeave=${() => setEditing(false)} />`;
  const { voters } = resultOf(session.state.value, poll);
  const act = (/** @type {Intent} */ intent, /** @type {string} */ word, primary = false) =>
    html`<${Act} commands=${commands} intent=${intent} primary=${primary}>${word}<//>`;
  const id = { poll: poll.id };
  return html`
    <article class="poll-desk" data-poll=${poll.id} data-poll-state=${poll.state} data-on-screen=${poll.on_screen ? '' : undefined}>
      <p class="poll-state">
        <span>${told.states[poll.state]}</span>
        ${poll.on_screen && html`<span class="role">${moderate.onScreen}</span>`}
        ${poll.state !== 'draft' && html`<span class="quiet">${say(words.polls.voters, { n: voters })}</span>`}
      </p>
      <h3 class="poll-text">${poll.text}</h3>
      <p class="quiet">${told.kinds[poll.kind]}${poll.state !== 'draft' && !poll.results ? ` · ${told.unseen}` : ''}</p>
      <${Bars} session=${session} poll=${poll} />
      <${Refused} commands=${commands} />
      ${!isOver(session) &&
      html`<div class="turn-acts">
        ${poll.state === 'draft' && act({ type: 'poll.open', ...id }, told.open, true)}
        ${poll.state === 'draft' && html`<button type="button" class="button" onClick=${() => setEditing(true)}>${moderate.edit}</button>`}
        ${poll.state === 'open' && !poll.on_screen && act({ type: 'poll.show', ...id }, moderate.show, true)}
        ${poll.state === 'closed' && !poll.on_screen && act({ type: 'poll.show', ...id }, moderate.show)}
        ${poll.on_screen && act({ type: 'poll.hide', ...id }, moderate.hide)}
        ${poll.state === 'open' && act({ type: 'poll.close', ...id }, told.close, poll.on_screen)}
        ${poll.state === 'closed' && act({ type: 'poll.results', ...id, shown: !poll.results }, poll.results ? told.hide : told.reveal, !poll.results)}
        ${poll.state === 'closed' && act({ type: 'poll.open', ...id }, told.again)}
        ${poll.state !== 'open' && act({ type: 'poll.delete', ...id }, told.remove)}
      </div>`}
    </article>
  `;
}

/** A poll being written. @param {{ session: LiveSession, poll?: Poll, onLeave: () => void }} props */
function Draw({ session, poll, onLeave }) {
  const { moderate } = words;
  const { polls: told } = moderate;
  const commands = useCommands(session);
  const [draft, setDraft] = useState(/** @type {Draft} */ (poll ? { ...poll, options: poll.options.join('\n') } : BLANK));
  const [tried, setTried] = useState(false);
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const lack = lacks(draft);
  const room = roomLeft(draft);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setTried(true);
    if (!lack && (await commands.give(draftIntent(draft, poll?.id)))) onLeave();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || event.isComposing) return;
    onLeave();
    event.stopPropagation();
  };
  return html`
    <form class="desk-form poll-form" onSubmit=${submit} onKeyDown=${onKeyDown}>
      <label class="choice">
        <span class="quiet">${told.text}</span>
        <textarea
          ref=${field}
          rows="2"
          name="text"
          maxlength=${LONGEST.text}
          value=${draft.text}
          onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setDraft({ ...draft, text: e.currentTarget.value })}
        ></textarea>
      </label>
      <p class="quiet count" data-room="text">${room.text < 0 ? told.textLong : say(told.textFits, { n: room.text })}</p>
      <${Segments} name="kind-${poll?.id ?? 'new'}" label=${told.kind} value=${draft.kind} keys=${KINDS} choices=${told.kinds} onChange=${(/** @type {Draft['kind']} */ kind) => setDraft({ ...draft, kind })} />
      <label class="choice">
        <span class="quiet">${draft.kind === 'rating' ? told.steps : told.options}</span>
        <textarea
          rows="4"
          name="options"
          maxlength=${LONGEST.options}
          value=${draft.options}
          onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setDraft({ ...draft, options: e.currentTarget.value })}
        ></textarea>
      </label>
      <p class="quiet count" data-room="option">${room.option < 0 ? told.optionLong : say(told.optionFits, { n: room.option })}</p>
      <${Switch} label=${told.hidden} on=${draft.hidden} onChange=${(/** @type {boolean} */ hidden) => setDraft({ ...draft, hidden })} />
      ${tried && lack && html`<p class="note" data-said role="alert">${told.lacks[lack]}</p>`}
      <${Refused} commands=${commands} />
      <div class="turn-acts">
        <button type="submit" class="button primary">${told.save}</button>
        <button type="button" class="button" onClick=${onLeave}>${moderate.cancel}</button>
      </div>
    </form>
  `;
}
