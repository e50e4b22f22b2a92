/** The question that is looked at, large, with all that a moderator knows of it and may do with it. */

/** @import { Question } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Desk } from './desk.js' */

import { votesFor } from '../shared/selectors.js';
import { timeOfDay } from '../shared/time.js';
import { Segments } from '../shared/ui/fields.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { isOver } from './commands.js';
import { inParts } from './draft.js';
import { keyOf } from './keys.js';
import { Inline, Refused, Where } from './parts.js';
import { ACTIONS, addressees, asker, mayEdit, mayMerge, takenIn } from './queue.js';

/** Longest texts the protocol takes. */
const LONGEST = { text: 600, note: 500 };

/** Texts longer than this, in characters, are set a step smaller. */
const LONG = 160;

/**
 * Say where a question stands; after the end, no screen shows any.
 *
 * @param {LiveSession} session
 * @param {Question['state']} state
 */
export function standing(session, state) {
  const shown = state === 'on_screen' || state === 'answering';
  if (shown && isOver(session)) return words.moderate.lastOnScreen;
  return state === 'answering' ? words.ask.states.answering : words.moderate.parts[state];
}

/** @param {{ desk: Desk, question: Question }} props */
export function Focus({ desk, question }) {
  const { moderate } = words;
  const { session, commands } = desk;
  const writing = desk.writing.value;
  const leave = () => desk.leave();
  return html`
    <section
      class="focus"
      data-question=${question.id}
      data-state=${isOver(session) ? undefined : question.state}
      aria-label=${moderate.looked}
    >
      <p class="focus-state">
        ${standing(session, question.state)}
      </p>
      <p class="focus-text" data-long=${question.text.length > LONG ? '' : undefined} aria-live="polite">${question.text}</p>
      <${Asked} session=${session} question=${question} />
      ${!isOver(session) && inParts(question.text) && html`<p class="note" data-parts>${moderate.inParts}</p>`}
      <${History} session=${session} question=${question} />
      ${writing === 'edit' &&
      html`<${Inline}
        key="edit"
        label=${moderate.editLabel}
        send=${moderate.save}
        longest=${LONGEST.text}
        begin=${question.text}
        onSend=${(/** @type {string} */ text) => commands.give({ type: 'question.edit', question: question.id, text })}
        onLeave=${leave}
      />`}
      ${writing === 'note' &&
      html`<${Inline}
        key="note"
        label=${moderate.noteLabel}
        send=${moderate.noteSend}
        longest=${LONGEST.note}
        onSend=${(/** @type {string} */ text) => commands.give({ type: 'question.note', question: question.id, text })}
        onLeave=${leave}
      />`}
      <${Refused} commands=${commands} />
      ${!isOver(session) &&
      !writing &&
      html`<div class="focus-acts">
        ${ACTIONS[question.state].map(
          (action, i) => html`
            <button key=${action} type="button" class="button ${i === 0 ? 'primary' : ''}" data-action=${action} onClick=${() => desk.act(question, action)}>
              ${moderate[action]} <kbd aria-hidden="true">${keyOf(action)}</kbd>
            </button>
          `,
        )}
        <span class="focus-more">
          ${mayEdit(question) && html`<${More} name="edit" onClick=${() => desk.write('edit')} />`}
          <${More} name="note" onClick=${() => desk.write('note')} />
          ${mayMerge(question) && html`<${More} name="merge" onClick=${() => desk.begin()} />`}
        </span>
      </div>`}
    </section>
  `;
}

const CAPS = { edit: 'e', note: 'n', merge: 'm' };

/** @param {{ name: keyof typeof CAPS, onClick: () => void }} props */
const More = ({ name, onClick }) => html`
  <button type="button" class="button slight" data-action=${name} onClick=${onClick}>
    ${words.moderate[name]} <kbd aria-hidden="true">${CAPS[name]}</kbd>
  </button>
`;

/**
 * Who asked, where, when, whom, and how many ask it too.
 *
 * @param {{ session: LiveSession, question: Question, brief?: boolean }} props `brief`: notes are counted, not written
 */
export function Asked({ session, question, brief = false }) {
  const { moderate } = words;
  const { author, source, at, anonymous, to, notes = [] } = question;
  const votes = votesFor(session.state.value, question.id);
  return html`
    <p class="asked-by quiet">
      ${votes > 0 && html`<strong class="votes">${say(moderate.votes, { n: votes })}</strong>`}
      <span class="who">${asker(author)}</span>
      ${anonymous && html`<span class="role">${moderate.anonymous}</span>`}
      ${session.state.value.muted.some(({ person, until }) => person.id === author.id && until > session.serverTime()) &&
      html`<span class="role">${moderate.chat.isMuted}</span>`}
      <${Where} place=${source} />
      ${to && html`<span>${say(moderate.to, { name: to.name })}</span>`}
      <time>${timeOfDay(at)}</time>
      ${brief && notes.length > 0 && html`<span>${say(moderate.notes, { n: notes.length })}</span>`}
    </p>
  `;
}

/** What was asked first, what is asked with it, and what staff noted. @param {{ session: LiveSession, question: Question }} props */
function History({ session, question }) {
  const { moderate } = words;
  const { questions } = session.state.value;
  const doubles = takenIn(questions, question.id);
  const into = questions.find((q) => q.id === question.merged_into);
  const notes = question.notes ?? [];
  if (!question.original && !doubles.length && !into && !notes.length) return null;
  return html`
    <dl class="history">
      ${question.original && html`<div data-original><dt>${moderate.original}</dt><dd>${question.original}</dd></div>`}
      ${into && html`<div><dt>${moderate.mergedInto}</dt><dd>${into.text}</dd></div>`}
      ${doubles.map((q) => html`<div key=${q.id} data-double><dt>${moderate.takenIn}</dt><dd>${q.text} <span class="quiet">${asker(q.author)}</span></dd></div>`)}
      ${notes.map(
        (note, i) => html`<div key=${i} data-note><dt>${say(moderate.noteOf, { name: note.author.name })}</dt><dd>${note.text}</dd></div>`,
      )}
    </dl>
  `;
}

/**
 * Two questions side by side, before one becomes the other's double.
 *
 * @param {{ desk: Desk, double: Question }} props
 */
export function Merging({ desk, double }) {
  const { moderate } = words;
  const state = desk.session.state.value;
  const into = desk.question.value;
  const [from, to] = [double, into].map((q) => (q ? votesFor(state, q.id) : 0));
  return html`
    <section class="focus merging" aria-label=${moderate.merge}>
      <p class="focus-state">${moderate.mergeHow}</p>
      <p class="merging-text">${double.text}</p>
      <p class="quiet">${moderate.mergeWith}</p>
      <p class="focus-text" data-long aria-live="polite">${into?.text ?? moderate.mergeNone}</p>
      ${into && html`<p class="quiet">${say(moderate.mergeVotes, { from: from ?? 0, to: to ?? 0 })}</p>`}
      <${Refused} commands=${desk.commands} />
      <div class="focus-acts">
        <button type="button" class="button primary" data-action="merge-yes" disabled=${!into} onClick=${() => desk.merge()}>
          ${moderate.mergeYes} <kbd aria-hidden="true">↵</kbd>
        </button>
        <button type="button" class="button" onClick=${() => desk.leave()}>${moderate.cancel} <kbd aria-hidden="true">Esc</kbd></button>
      </div>
    </section>
  `;
}

/**
 * A question that somebody asked by word of mouth, written down for them.
 *
 * @param {{ desk: Desk }} props
 */
export function PassOn({ desk }) {
  const { moderate, presence } = words;
  const { session, commands } = desk;
  const [source, setSource] = useState(/** @type {'hall' | 'online'} */ ('hall'));
  const [to, setTo] = useState('');
  const speakers = addressees(session.state.value);
  return html`
    <section class="focus" aria-label=${moderate.passOn}>
      <p class="focus-state">${moderate.passOn}</p>
      <${Inline}
        label=${moderate.passOnLabel}
        send=${moderate.passOnSend}
        longest=${LONGEST.text}
        onSend=${(/** @type {string} */ text) => commands.give({ type: 'question.ask', text, source, ...(to ? { to } : {}) })}
        onLeave=${() => desk.leave()}
      >
        <div class="inline-choices">
          <${Segments}
            name="source"
            label=${moderate.asksFrom}
            value=${source}
            keys=${['hall', 'online']}
            choices=${{ hall: presence.inHall, online: moderate.online }}
            onChange=${setSource}
          />
          ${speakers.length > 0 &&
          html`<label class="choice">
            <span class="quiet">${moderate.addressee}</span>
            <select value=${to} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => setTo(e.currentTarget.value)}>
              <option value="">${moderate.addresseeAny}</option>
              ${speakers.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
            </select>
          </label>`}
        </div>
      <//>
      <${Refused} commands=${commands} />
    </section>
  `;
}
