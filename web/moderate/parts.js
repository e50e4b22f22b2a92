/** What the parts of the desk share: a command with its refusal, a short text that becomes one, a person's line. */

/** @import { Intent } from '../shared/connection.js' */
/** @import { Person } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { badge } from '../shared/ui/parts.js';
import { refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useMemo, useRef, useState } from '../vendor/preact-hooks.js';
import { Commands } from './commands.js';

/** Below this many characters left, they are counted out. */
const COUNT_BELOW = 100;

/** Give a part commands of its own. @param {LiveSession} session */
export const useCommands = (session) => useMemo(() => new Commands(session), [session]);

/** Why it was not done. @param {{ commands: Commands }} props */
export const Refused = ({ commands: { refused } }) =>
  refused.value && html`<p class="note refused" data-said role="alert">${refusal(refused.value)}</p>`;

/**
 * One button, one command; without one to give it cannot be pressed.
 *
 * @param {{ commands: Commands, intent: Intent | null, cap?: string, primary?: boolean, slight?: boolean,
 *   children?: import('../vendor/preact.js').ComponentChildren }} props `cap`: the key that does the same
 */
export const Act = ({ commands, intent, cap, primary = false, slight = false, children }) => html`
  <button
    type="button"
    class="button ${primary ? 'primary' : ''} ${slight ? 'slight' : ''}"
    data-act=${intent?.type}
    disabled=${!intent}
    onClick=${() => intent && commands.give(intent)}
  >
    ${children} ${cap && html`<kbd aria-hidden="true">${cap}</kbd>`}
  </button>
`;

/**
 * A text being written in place. Enter sends, Escape gives up; it stays in the field until the server has it.
 *
 * @param {{ label: string, send: string, longest: number, begin?: string, onSend: (text: string) => Promise<boolean>,
 *   onLeave: () => void, children?: import('../vendor/preact.js').ComponentChildren }} props `begin`: the text to change
 */
export function Inline({ label, send, longest, begin = '', onSend, onLeave, children }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [text, setText] = useState(begin);
  const [sending, setSending] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (sending || !text.trim()) return;
    setSending(true);
    const done = await onSend(text.trim());
    setSending(false);
    if (done) onLeave();
    else field.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    // While an input method composes, Enter ends the word and Escape undoes it.
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && event.target === field.current) void submit(event);
    if (event.key !== 'Escape') return;
    onLeave();
    event.stopPropagation();
  };
  const left = longest - text.length;
  return html`
    <form class="inline" onSubmit=${submit} onKeyDown=${onKeyDown}>
      <textarea
        ref=${field}
        rows="3"
        aria-label=${label}
        placeholder=${label}
        maxlength=${longest}
        value=${text}
        readonly=${sending}
        onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setText(e.currentTarget.value)}
      ></textarea>
      ${children}
      <div class="inline-foot">
        <p class="note" role="status">${left < COUNT_BELOW ? say(words.ask.left, { n: left }) : ''}</p>
        <button type="button" class="button" onClick=${onLeave}>${words.moderate.cancel} <kbd aria-hidden="true">Esc</kbd></button>
        <button type="submit" class="button primary" disabled=${sending || !text.trim()}>${send}</button>
      </div>
    </form>
  `;
}

/** A field with its name above it. @param {{ label: string, value: string, longest: number, onInput: (text: string) => void, required?: boolean }} props */
export const Field = ({ label, value, longest, onInput, required = false }) => html`
  <label class="choice">
    <span class="quiet">${label}</span>
    <input
      class="field"
      value=${value}
      maxlength=${longest}
      required=${required}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => onInput(e.currentTarget.value)}
    />
  </label>
`;

/** Where somebody is. @param {{ place: 'hall' | 'online' | undefined }} props */
export const Where = ({ place = 'online' }) =>
  html`<span class="where" data-place=${place}>${place === 'hall' ? words.presence.inHall : words.moderate.online}</span>`;

/** Somebody's name, and what stands below it on a badge. @param {{ person: Person }} props */
export const Who = ({ person }) => html`
  <span class="who">${person.name}</span>
  ${badge(person) && html`<span class="quiet">${badge(person)}</span>`}
`;
