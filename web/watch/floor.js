/**
 * Asking to speak: a hand up, a place in the one queue of both rooms, a call, and one's own voice in the
 * talk without joining anew. Owns the microphone for as long as a hand is up; the law: it is asked for when
 * somebody raises their hand, sent when they are called, and heard when they are let speak.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { Device } from '../shared/media/devices.js';
import { Publisher } from '../shared/media/whip.js';
import { onRelayBack } from '../shared/stage.js';
import { handOf, mayPublishToFloor, placeInLine } from '../shared/selectors.js';
import { Icon } from '../shared/ui/icons.js';
import { refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { computed, effect } from '../vendor/signals.js';

class FloorSeat {
  microphone = new Device('microphone');

  /**
   * @param {LiveSession} session
   * @param {Viewer} viewer what this person plays: without their own voice, while they speak
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
      viewer.play(`/whep/${session.id}/${own ? 'floor' : 'stage'}?wait=1`);
    });
    let was = false;
    effect(() => {
      // The hand went down, by whoever's doing: the microphone's own light goes out.
      if (was && !this.up.value) this.microphone.close();
      was = this.up.value;
    });
  }

  /** Ask to speak; the browser asks for the microphone now, not when everybody waits. */
  async raise() {
    this.microphone.on.value = true;
    await this.microphone.open();
    if (this.microphone.trouble.value) return null;
    const outcome = await this.session.command({ type: 'floor.raise' });
    if (!outcome.ok) this.microphone.close();
    return outcome;
  }

  /** Take the hand down, or have done. */
  lower() {
    return this.session.command({ type: 'floor.lower' });
  }
}

/** @param {{ session: LiveSession, viewer: Viewer }} props */
export function Floor({ session, viewer }) {
  // The page's one seat, for it draws this once and for good.
  const [seat] = useState(() => new FloorSeat(session, viewer));
  const state = session.state.value;
  const { floor: told } = words;
  const [said, setSaid] = useState('');
  const [asking, setAsking] = useState(false);
  const hand = handOf(state);
  const trouble = seat.microphone.trouble.value;
  const place = placeInLine(state);
  if (state.session?.status !== 'live' || !state.can.includes('floor.raise')) return null;
  if (!hand && !state.floor.open) return null;
  const give = async (/** @type {() => Promise<import('../shared/connection.js').Outcome | null>} */ what) => {
    setAsking(true);
    const outcome = await what();
    setAsking(false);
    setSaid(!outcome || outcome.ok ? '' : refusal(outcome));
  };
  const is = hand?.state ?? (hand ? 'waiting' : 'down');
  const text = {
    down: '',
    waiting: place ? say(told.place, { n: place }) : told.waiting,
    called: told.called,
    speaking: told.speaking,
  }[is];
  return html`
    <section class="floor" data-hand=${is} aria-label=${told.label}>
      <p class="floor-text" role="status" aria-live="assertive">${text}</p>
      ${is === 'down'
        ? html`<button type="button" class="button" disabled=${asking} onClick=${() => give(() => seat.raise())}>
            <${Icon} name="hand" /><span>${told.raise}</span>
          </button>`
        : html`<button type="button" class="button" disabled=${asking} onClick=${() => give(() => seat.lower())}>
            ${is === 'speaking' ? told.done : told.lower}
          </button>`}
      ${trouble && html`<p class="note" data-said role="alert">${words.troubles.microphone[trouble]}</p>`}
      ${said && html`<p class="note" data-said role="alert">${said}</p>`}
    </section>
  `;
}
