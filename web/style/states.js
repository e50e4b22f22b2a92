/** The rest of the parts that pages share, each in every state it has: what is shown instead of a picture, what is wrong. */

/** @import { Intercom } from '../shared/intercom.js' */
/** @import { Viewer } from '../shared/media/whep.js' */
/** @import { State } from '../shared/store.js' */

import { Device } from '../shared/media/devices.js';
import { Captions, CaptionsButton, CaptionsChoice } from '../shared/ui/captions.js';
import { Chat } from '../shared/ui/chat.js';
import { Declaration, SignCall } from '../shared/ui/declaration.js';
import { DeclarationDesk } from '../shared/ui/declaration_desk.js';
import { DeviceChoice, Level, Preview } from '../shared/ui/devices.js';
import { Drop } from '../shared/ui/drop.js';
import { DeviceTrouble, Switch } from '../shared/ui/fields.js';
import { IntercomBar } from '../shared/ui/intercom.js';
import { KeysSwitch } from '../shared/ui/keys.js';
import { Note } from '../shared/ui/noted.js';
import { Nowhere } from '../shared/ui/page.js';
import { Picture, Words } from '../shared/ui/picture.js';
import { SoundBar } from '../shared/ui/sound.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { signal } from '../vendor/signals.js';
import { FULL, NOON, SIGNED, specimen } from './specimen.js';

const TROUBLES = /** @type {const} */ (['denied', 'missing', 'in_use', 'insecure', 'unplugged', 'muted_by_system']);

/** A device in a state of its own. @param {'camera' | 'microphone'} kind @param {typeof TROUBLES[number] | null} trouble */
function device(kind, trouble) {
  const made = new Device(kind);
  made.allowed = false;
  made.trouble.value = trouble;
  return made;
}

/**
 * What plays, standing still: no connection, and a sound that is on, off, or waits for a click.
 *
 * @param {{ phase?: string, muted?: boolean, soundBlocked?: boolean }} [how]
 */
const viewer = ({ phase = 'connected', muted = false, soundBlocked = false } = {}) => /** @type {Viewer} */ (
  /** @type {unknown} */ ({
    status: signal({ phase }),
    shown: { main: signal('none'), slides: signal('none') },
    slots: { main: { attach: () => undefined }, slides: { attach: () => undefined } },
    soundOnly: signal(false),
    muted: signal(muted),
    soundBlocked: signal(soundBlocked),
    volume: signal(0.7),
    playSound: () => undefined,
  })
);

/** Those backstage, heard or talked with. @param {{ hearing?: boolean, talking?: boolean, trouble?: 'denied' | null }} how */
const intercom = ({ hearing = false, talking = false, trouble = null }) => /** @type {Intercom} */ (
  /** @type {unknown} */ ({
    session: specimen({ can: [...FULL.can, 'backstage.enter'], crew: FULL.presence.people?.slice(1, 3) ?? [] }),
    hearing: signal(hearing),
    talking: signal(talking),
    refused: signal(null),
    microphone: device('microphone', trouble),
    ear: viewer(),
    hear: () => undefined,
    turn: () => undefined,
  })
);

/** @param {import('../shared/protocol.js').Status} status @param {Partial<State>} [more] */
const at = (status, more = {}) => specimen({ session: { id: 'specimen', title: 'Two rooms, one conversation', status, created: NOON, ...(status === 'paused' ? { resumes: NOON + 1_500_000 } : {}) }, ...more });

const gone = { known: true, relay: true, publications: [], hallTo: [] };
const SLATES = [
  at('planned'),
  at('doors'),
  specimen({ stage: [] }),
  specimen(),
  specimen({ media: gone }),
  specimen({ air: { version: 1, slate: 'Lunch' } }),
  at('paused'),
  at('ended'),
  specimen({ session: null }, { phase: 'closed', code: 'session_not_found', reason: '' }),
];

const mute = { person: { id: 'f', name: '', role: /** @type {const} */ ('viewer') }, until: NOON + 3_600_000, reason: '' };
const CHATS = [
  specimen({ muted: [mute] }),
  specimen({ can: ['chat.post'], chatRules: { hold: true, slow: 3600 }, chat: FULL.chat.map((line) => ({ ...line, held: line.id === '4' ? /** @type {const} */ ('approval') : null })) }),
  specimen({ pinned: FULL.chat.slice(1, 2) }),
];

/** @param {{ Part: (props: { name: string, children?: import('../vendor/preact.js').ComponentChildren }) => unknown }} props */
export const States = ({ Part }) => html`
  <${Part} name="Choices that open">
    <div class="row-of">
      <${Drop} icon="view" label=${words.player.layout}><${Switch} label=${words.player.soundOnly} on=${false} onChange=${() => undefined} /><//>
      <${KeysSwitch} />
    </div>
  <//>
  <${Part} name="Instead of a picture">
    ${SLATES.map((session, i) => html`<div key=${i} class="slate specimen-slate"><${Words} session=${session} viewer=${viewer()} /></div>`)}
    <div class="stage specimen-picture"><${Picture} session=${specimen()} viewer=${viewer({ phase: 'connecting' })} /></div>
    <div class="specimen-picture"><${Nowhere} why=${words.invitation.missing} how=${words.invitation.how} /></div>
  <//>
  <${Part} name="Sound">
    ${[{}, { muted: true }, { soundBlocked: true }].map((how, i) => html`<${SoundBar} key=${i} viewer=${viewer(how)} fill=${() => null} />`)}
  <//>
  <${Part} name="Devices">
    ${/** @type {const} */ (['camera', 'microphone']).map((kind) => html`
      <${DeviceChoice} key=${kind} device=${device(kind, null)} />
      ${TROUBLES.map((trouble) => html`<${DeviceTrouble} key=${trouble} device=${device(kind, trouble)} />`)}
    `)}
    <${Level} track=${null} />
    <div class="specimen-picture"><${Preview} camera=${device('camera', null)} /></div>
  <//>
  <${Part} name="Backstage">
    <${IntercomBar} intercom=${intercom({})} />
    <${IntercomBar} intercom=${intercom({ hearing: true, talking: true })} />
    <${IntercomBar} intercom=${intercom({ trouble: 'denied' })} />
    <${Note} note=${FULL.chat[1]} from=${words.speak.noteFrom} onSeen=${() => undefined} />
  <//>
  <${Part} name="Captions">
    <${CaptionsButton} session=${specimen()} />
    <${CaptionsChoice} session=${specimen()} />
    ${['small', 'medium', 'large'].map((size) => html`<div key=${size} class="stage specimen-words"><${Captions} session=${specimen()} size=${size} /></div>`)}
  <//>
  <${Part} name="Chat, where one has to wait">
    ${CHATS.map((session, i) => html`<div key=${i} class="boxed"><${Chat} session=${session} /></div>`)}
  <//>
  <${Part} name="Declaration">
    <div class="boxed"><${Declaration} session=${specimen()} /></div>
    <${SignCall} session=${specimen({ can: ['declaration.sign'] })} />
    <${SignCall} session=${specimen({ can: ['declaration.sign'], declaration: SIGNED })} />
    <${DeclarationDesk} session=${specimen({ declaration: null, can: ['declaration.present'] })} />
  <//>
`;
