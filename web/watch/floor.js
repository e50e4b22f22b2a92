/**
 * Asking to speak: a hand up, a place in the one queue of both rooms, a call, and one's own voice in the
 * talk without joining anew. Owns the microphone for as long as a hand is up; the law: it is asked for when
 * somebody raises their hand, sent when they are called, and heard when they are let speak. Who sits in the hall
 * is called to its microphone and opens none.
 */

/** @import { Outcome } from '../shared/connection.js' */
/** @import { Hand as Raised } from '../shared/protocol.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { State } from '../shared/store.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { Device } from '../shared/media/devices.js';
import { Publisher } from '../shared/media/whip.js';
import { onRelayBack } from '../shared/stage.js';
import { handOf, mayPublishToFloor, placeInLine } from '../shared/selectors.js';
import { DeviceTrouble } from '../shared/ui/fields.js';
import { Icon } from '../shared/ui/icons.js';
import { joined, refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { computed, effect, signal } from '../vendor/signals.js';

class FloorSeat {
  microphone = new Device('microphone');

  /**
   * @param {LiveSession} session
   * @param {Viewer | null} viewer what this person plays: without their own voice, while they speak; none in the hall
   */
  constructor(session, viewer) {
    this.session = session;
    this.publisher = new Publisher({
      source: 'floor',
      url: `/whip/${session.id}/floor`,
      token: session.token,
      lines: ['audio'],
      heard: () => session.state.value.media.relay && this.given.value,
    });
    /** Whether the session gives the floor to this page. */
    this.given = computed(() => mayPublishToFloor(session.state.value));
    this.up = computed(() => handOf(session.state.value) !== null);
    onRelayBack(session, () => this.publisher.resource.suspect());
    effect(() => void this.publisher.send('audio', this.microphone.track.value));
    effect(() => (this.given.value ? this.publisher.start() : this.publisher.stop()));
    let own = false;
    effect(() => {
      if (this.given.value === own) return;
      own = this.given.value;
      viewer?.play(`/whep/${session.id}/${own ? 'floor' : 'stage'}?wait=1`);
    });
    let was = false;
    effect(() => {
      // The hand went down, by whoever's doing: the microphone's own light goes out.
      if (was && !this.up.value) this.microphone.close();
      was = this.up.value;
    });
  }

  /** Whether a command is under way, and what was said to the last one, if it was not taken. */
  asking = signal(false);
  said = signal('');

  /** Ask to speak; the browser asks for the microphone now, not when everybody waits. In the hall, there is one. */
  raise() {
    return this.#give(async () => {
      if (this.session.state.value.you?.place !== 'hall') {
        await this.microphone.reopen();
        if (this.microphone.trouble.value) return null;
      }
      const outcome = await this.session.command({ type: 'floor.raise' });
      if (!outcome.ok) this.microphone.close();
      return outcome;
    });
  }

  /** Ask for the microphone once more: with a hand that is up, for that one; else to raise it. */
  async again() {
    return this.up.value ? this.microphone.reopen() : this.raise();
  }

  /** Take the hand down, or have done. */
  lower() {
    return this.#give(() => this.session.command({ type: 'floor.lower' }));
  }

  /** @param {() => Promise<Outcome | null>} what null: it did not come to that */
  async #give(what) {
    this.asking.value = true;
    const outcome = await what();
    this.asking.value = false;
    this.said.value = !outcome || outcome.ok ? '' : refusal(outcome);
  }
}

/** The page's one seat, at which both places draw. @type {FloorSeat | null} */
let taken = null;

/** @typedef {{ session: LiveSession, viewer: Viewer | null }} Props */

/** Raise one's hand: a button beside the applause, while hands are taken and one's own is down. @param {Props} props */
export function Hand({ session, viewer }) {
  const seat = (taken ??= new FloorSeat(session, viewer));
  const state = session.state.value;
  if (!mayRaise(state) || handOf(state) || !state.floor.open) return null;
  return html`
    <section class="floor" data-hand="down" aria-label=${words.floor.label}>
      <button type="button" class="button" disabled=${seat.asking.value} onClick=${() => seat.raise()}>
        <${Icon} name="hand" /><span>${words.floor.raise}</span>
      </button>
    </section>
  `;
}

/**
 * One's own hand while it is up, and what keeps it from going up: a bar that stays in sight.
 *
 * @param {Props} props
 */
export function Floor({ session, viewer }) {
  const seat = (taken ??= new FloorSeat(session, viewer));
  const state = session.state.value;
  if (!mayRaise(state)) return null;
  const hand = handOf(state);
  const said = seat.said.value && html`<p class="note" data-said role="alert">${seat.said}</p>`;
  const trouble = (hand || state.floor.open) && html`<${DeviceTrouble} device=${seat.microphone} onRetry=${() => seat.again()} />`;
  if (!hand) {
    return (
      (said || seat.microphone.trouble.value) && html`<section class="floor" data-hand="refused" aria-label=${words.floor.label}>${trouble}${said}</section>`
    );
  }
  const is = hand.state ?? 'waiting';
  return html`
    <section class="floor" data-hand=${is} aria-label=${words.floor.label}>
      <p class="floor-text" role="status" aria-live="assertive">${told(state, hand, is)}</p>
      <button type="button" class="button" disabled=${seat.asking.value} onClick=${() => seat.lower()}>
        ${is === 'speaking' ? words.floor.done : words.floor.lower}
      </button>
      ${trouble}${said}
    </section>
  `;
}

/** @param {State} state */
const mayRaise = (state) => state.session?.status === 'live' && state.can.includes('floor.raise');

/**
 * Say where one's own hand is, and what comes.
 *
 * @param {State} state
 * @param {Raised} hand
 * @param {NonNullable<Raised['state']>} is
 */
function told(state, hand, is) {
  const { floor } = words;
  const there = hand.person.place === 'hall' && floor.hall;
  if (is !== 'waiting') return (there || floor)[is];
  const place = placeInLine(state);
  return joined(place ? say(floor.place, { n: place }) : floor.waiting, there && there.waiting);
}
