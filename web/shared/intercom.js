/**
 * Hearing those backstage from a desk, and talking with them. Owns the desk's ear and microphone; the law: nothing
 * is sent before somebody asks to talk, and when they have done the microphone's own light goes out. That the
 * audience hears nothing of it is the server's doing.
 */

/** @import { Outcome } from './connection.js' */
/** @import { LiveSession } from './session.js' */

import { effect, signal } from '../vendor/signals.js';
import { Device } from './media/devices.js';
import { Publisher } from './media/whip.js';
import { joinReturn, onRelayBack } from './stage.js';
import { isOver, publication } from './selectors.js';

export class Intercom {
  microphone = new Device('microphone');
  hearing = signal(false);
  talking = signal(false);
  /** Why talking was refused, the last time. @type {import('../vendor/signals.js').Signal<Extract<Outcome, { ok: false }> | null>} */
  refused = signal(null);
  #turning = false;

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
    this.ear = joinReturn(session);
    this.publisher = new Publisher({
      source: 'camera',
      url: `/whip/${session.id}/camera`,
      token: session.token,
      lines: ['audio'],
      heard: () => {
        const { value: state } = session.state;
        return state.media.relay && (publication(state, state.you?.id ?? '', 'camera')?.live ?? false);
      },
    });
    onRelayBack(session, () => this.publisher.resource.suspect());
    effect(() => void this.publisher.send('audio', this.microphone.track.value));
    effect(() => (this.hearing.value ? this.ear.start() : this.ear.stop()));
    effect(() => {
      if (isOver(session.state.value.session?.status)) this.#end();
    });
  }

  /** @param {boolean} on */
  hear(on) {
    this.hearing.value = on;
    if (!on && this.talking.value) void this.hush();
  }

  /**
   * Talk with those backstage, and hear them; the browser asks for the microphone.
   *
   * @returns {Promise<Outcome | null>} null if there is no microphone: its trouble says why
   */
  async talk() {
    this.microphone.on.value = true;
    await this.microphone.open();
    if (this.microphone.trouble.value) return null;
    const outcome = await this.session.command({ type: 'backstage.enter' });
    if (!outcome.ok) {
      this.microphone.close();
      return outcome;
    }
    this.talking.value = true;
    this.hearing.value = true;
    this.publisher.start();
    return outcome;
  }

  /** Talk no more, and go on hearing. */
  hush() {
    this.#end();
    return this.session.command({ type: 'backstage.leave' });
  }

  /** Talk, or talk no more: what a button or a key does. A press on the way of another means nothing. */
  async turn() {
    if (this.#turning) return;
    this.#turning = true;
    const outcome = this.talking.value ? await this.hush() : await this.talk();
    this.#turning = false;
    this.refused.value = outcome && !outcome.ok ? outcome : null;
  }

  #end() {
    this.talking.value = false;
    this.publisher.stop();
    this.microphone.close();
  }
}
