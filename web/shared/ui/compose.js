/**
 * A field whose text becomes a command. Owns the text until the server has it: it stays in the field
 * while the line is down, and stays with the reason when it is refused, so that nothing written is lost.
 */

/** @import { Intent } from '../connection.js' */
/** @import { LiveSession } from '../session.js' */

import { html } from '../../vendor/htm-preact.js';
import { useLayoutEffect, useRef, useState } from '../../vendor/preact-hooks.js';
import { refusal, say, words } from '../words.js';

/** Below this many characters left, they are counted out. */
const COUNT_BELOW = 100;

/**
 * @param {{ session: LiveSession, intent: (text: string) => Intent, label: string, send: string, longest: number,
 *   hint?: string, wait?: string, onSent?: () => void, children?: import('../../vendor/preact.js').ComponentChildren }} props
 *   `longest`: characters the protocol takes; `wait`: why nothing may be sent now, while that is so
 */
export function Compose({ session, intent, label, send, longest, hint, wait = '', onSent, children }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [text, setText] = useState(begun);
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState('');
  const left = longest - text.length;
  useLayoutEffect(() => takeOver(field.current), []);

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (sending || wait || !text.trim()) return;
    setSending(true);
    setSaid('');
    const outcome = await session.command(intent(text.trim()));
    setSending(false);
    if (outcome.ok) {
      setText('');
      onSent?.();
    } else setSaid(refusal(outcome));
    field.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    // While an input method composes, Enter ends the word, not the message.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void submit(event);
  };

  const waiting = session.status.value.phase === 'open' ? words.chat.sending : words.chat.later;
  const note = sending ? waiting : wait || said || (left < COUNT_BELOW ? say(words.ask.left, { n: left }) : (hint ?? ''));
  return html`
    <form class="compose" onSubmit=${submit}>
      <textarea
        ref=${field}
        rows="2"
        aria-label=${label}
        placeholder=${label}
        maxlength=${longest}
        value=${text}
        readonly=${sending}
        onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => setText(e.currentTarget.value)}
        onKeyDown=${onKeyDown}
      ></textarea>
      ${children}
      <div class="compose-foot">
        <p class="note" role=${wait ? undefined : 'status'} data-said=${said || wait ? '' : undefined}>${note}</p>
        <button type="submit" class="button primary" disabled=${sending || !!wait || !text.trim()}>${send}</button>
      </div>
    </form>
  `;
}

/** Where one began to write before the page was there, in the field of the document itself (watch/index.html). */
const early = () => /** @type {HTMLTextAreaElement | null} */ (document.querySelector('.shell textarea'));

const begun = () => early()?.value ?? '';

/** Go on where one was writing, in the first field that is drawn. @param {HTMLTextAreaElement | null} field */
function takeOver(field) {
  const before = early();
  if (before && field && document.activeElement === before) {
    field.focus({ preventScroll: true });
    field.setSelectionRange(before.selectionStart, before.selectionEnd);
  }
  before?.closest('.shell')?.remove();
}
