/** The small parts all pages share: the line about the connection, who is here, names, a dialog. */

/** @import { Person } from '../protocol.js' */
/** @import { LiveSession } from '../session.js' */
/** @import { Viewer } from '../media/whep.js' */
/** @import { IconName } from './icons.js' */

import { html } from '../../vendor/htm-preact.js';
import { useLayoutEffect, useRef } from '../../vendor/preact-hooks.js';
import { signal } from '../../vendor/signals.js';
import { isOver, pictureOnStage, seenFirst } from '../selectors.js';
import { joined, listed, refusal, say, words } from '../words.js';
import { Icon } from './icons.js';

/** Whether this device has a network at all, as the browser knows it. */
const networked = signal(globalThis.navigator?.onLine ?? true);
for (const name of ['online', 'offline']) addEventListener(name, () => (networked.value = navigator.onLine));

/**
 * Say, politely, what is wrong with the line; nothing while all is well.
 *
 * @param {{ session: LiveSession, viewer?: Viewer, goesOn?: boolean, pictureOnly?: boolean }} props
 *   `goesOn`: picture and sound do not hang on the lost line; `pictureOnly`: for a screen on which
 *   nothing but the picture would be missed
 */
export function ConnectionLine({ session, viewer, goesOn, pictureOnly = false }) {
  const playing = viewer?.status.value.phase === 'connected';
  const said = trouble(session, viewer, { goesOn: goesOn ?? playing, pictureOnly });
  return html`
    <p class="line" data-kind=${said?.kind ?? 'none'} role="status" aria-live="polite">
      ${said?.text ?? ''}
    </p>
  `;
}

/**
 * @param {LiveSession} session
 * @param {Viewer | undefined} viewer
 * @param {{ goesOn: boolean, pictureOnly: boolean }} how
 * @param {boolean} [online] whether this device has a network
 * @returns {{ kind: 'wait' | 'end', text: string } | null} the most important thing first
 */
export function trouble(session, viewer, { goesOn, pictureOnly }, online = networked.value) {
  const status = session.status.value;
  const state = session.state.value;
  const media = viewer?.status.value;
  if (!online) return { kind: 'wait', text: words.line.offline };
  if (status.phase === 'closed') {
    return { kind: 'end', text: joined(refusal(status), words.line.closedHow) };
  }
  if (isOver(state.session?.status)) return null;
  if (media?.phase === 'reconnecting') return { kind: 'wait', text: words.line.picture };
  if (media?.phase === 'refused') return { kind: 'end', text: joined(words.line.refused, refusal(media)) };
  if (status.phase !== 'open' && !pictureOnly) {
    return { kind: 'wait', text: goesOn ? words.line.chatReconnecting : words.line[status.phase] };
  }
  if (viewer?.shown.main.value === 'held' && pictureOnStage(state, 'camera') === false) {
    return { kind: 'wait', text: words.line.speakerGone };
  }
  return state.chatPaused && !pictureOnly ? { kind: 'wait', text: words.line.chatPaused } : null;
}

/** @param {{ session: LiveSession }} props */
export function PresenceCounts({ session }) {
  const { online, hall } = session.state.value.presence;
  return html`
    <p class="presence" aria-label=${words.presence.label}>
      <span>${say(words.presence.online, { n: online })}</span>
      <span>${say(words.presence.hall, { n: hall })}</span>
    </p>
  `;
}

/** @param {{ session: LiveSession }} props */
export function People({ session }) {
  const { you, presence } = session.state.value;
  const people = presence.people;
  if (!people) return null;
  if (!people.length) return html`<p class="empty">${words.presence.nobody}</p>`;
  return html`
    <ul class="people">
      ${people.map(
        (person) => html`
          <li key=${person.id}>
            <span class="person-name">${person.name}${person.id === you?.id ? ` (${words.presence.you})` : ''}</span>
            <span class="quiet">
              ${words.presence.roles[person.role]}${person.place === 'hall' && person.role !== 'hall' ? `, ${words.presence.inHall}` : ''}
            </span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** Write what stands below a name on a badge. @param {Person} person */
export const badge = (person) => [person.title, person.affiliation].filter(Boolean).join(', ');

/**
 * Who is on stage, as on a conference badge: by name the one who is seen.
 *
 * @param {{ session: LiveSession }} props
 */
export function NameLine({ session }) {
  const state = session.state.value;
  const [first, ...others] = seenFirst(state, state.stage);
  if (!first || isOver(state.session?.status)) return null;
  return html`
    <div class="name-line">
      <p class="name">${first.name}</p>
      ${badge(first) && html`<p class="badge">${badge(first)}</p>`}
      ${others.length > 0 && html`<p class="badge">${say(words.stage.with, { names: listed(others.map((p) => p.name)) })}</p>`}
    </div>
  `;
}

/**
 * A button of a bar: an icon and its word.
 *
 * @param {{ icon: IconName, label: string, name?: string, onClick: () => void, pressed?: boolean,
 *   hideLabel?: boolean, kind?: string, disabled?: boolean }} props `name`: what it is called where the label is too short
 */
export const IconButton = ({ icon, label, name, onClick, pressed, hideLabel, kind = '', disabled = false }) => html`
  <button
    type="button"
    class="button ${kind}"
    aria-pressed=${pressed}
    aria-label=${name ?? (hideLabel ? label : undefined)}
    title=${name ?? (hideLabel ? label : undefined)}
    disabled=${disabled}
    onClick=${onClick}
  >
    <${Icon} name=${icon} />${!hideLabel && html`<span>${label}</span>`}
  </button>
`;

/**
 * A question to the person at the desk, before something that cannot be undone.
 *
 * @param {{ text: string, yes: string, no: string, onYes: () => void, onNo: () => void }} props
 */
export function Confirm({ text, yes, no, onYes, onNo }) {
  return html`
    <${Dialog} label=${text} onClose=${onNo}>
      <p class="dialog-text">${text}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" autofocus onClick=${onNo}>${no}</button>
        <button type="button" class="button serious" onClick=${onYes}>${yes}</button>
      </div>
    <//>
  `;
}

/**
 * What is to be answered before anything else; afterwards, the focus is where it was.
 *
 * @param {{ label: string, onClose: () => void, children?: import('../../vendor/preact.js').ComponentChildren }} props
 */
export function Dialog({ label, onClose, children }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const open = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    open.current = true;
    return () => {
      open.current = false;
      // Taken away while it is open, it would give the focus back to nobody: before the document changes, so.
      dialog?.close();
    };
  }, []);
  // Escape ends it at once: the browser tells of the end somewhat later, and might end what was opened again by then.
  const refuse = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog ref=${ref} aria-label=${label} onCancel=${refuse} onClose=${() => open.current && onClose()}>${children}</dialog>
  `;
}

/**
 * Go to the tab beside by an arrow key, the way the page is read. Tabs have the ids `tab-` and their name.
 *
 * @template {string} Tab
 * @param {KeyboardEvent} event
 * @param {readonly Tab[]} tabs
 * @param {Tab} tab the one that is open
 * @param {(tab: Tab) => void} onTab
 */
export function stepTabs(event, tabs, tab, onTab) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const forward = document.documentElement.dir === 'rtl' ? -step : step;
  const next = tabs[(tabs.indexOf(tab) + forward + tabs.length) % tabs.length] ?? tab;
  onTab(next);
  document.getElementById(`tab-${next}`)?.focus();
  event.preventDefault();
}
