/** What a part of the desk asks of the session, and why the last of it was not done. */

/** @import { Intent, Outcome } from '../shared/connection.js' */
/** @import { LiveSession } from '../shared/session.js' */

import { isOver as over } from '../shared/selectors.js';
import { signal } from '../vendor/signals.js';

/** Commands of one part of the desk, and why the last one was refused, if it was. */
export class Commands {
  refused = signal(/** @type {Extract<Outcome, { ok: false }> | null} */ (null));

  /** @param {LiveSession} session */
  constructor(session) {
    this.session = session;
  }

  /** @param {Intent} intent @returns {Promise<boolean>} whether it was done */
  async give(intent) {
    this.forget();
    const outcome = await this.session.command(intent);
    if (!outcome.ok) this.refused.value = outcome;
    return outcome.ok;
  }

  forget() {
    this.refused.value = null;
  }
}

/** Whether the session takes no more changes. @param {LiveSession} session */
export const isOver = (session) => over(session.state.value.session?.status);
