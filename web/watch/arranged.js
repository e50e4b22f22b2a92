/** How slides and speaker stand beside each other: as this person has chosen, for the next time too. */

import { effect, signal } from '../vendor/signals.js';

const KEPT = 'rostrum.layout';

/** How slides and speaker may stand. */
export const ARRANGEMENTS = /** @type {const} */ (['large', 'side', 'stacked']);

/** The one chosen. @type {import('../vendor/signals.js').Signal<string>} */
export const arranged = signal(
  ARRANGEMENTS.find((one) => one === localStorage.getItem(KEPT)) ?? ARRANGEMENTS[0],
);
effect(() => localStorage.setItem(KEPT, arranged.value));
