/** The speaker's page: am I on air, how long, what is asked. */

/** @import { Booth as BoothType } from './booth.js' */

import { keepFocus } from '../shared/ui/focus.js';
import { openPage, useTitle } from '../shared/ui/page.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html } from '../vendor/htm-preact.js';
import { Booth } from './booth.js';
import { OnAir } from './on_air.js';
import { Over, Setup } from './setup.js';

keepFocus();

void openPage('speak', (session) => {
  const booth = new Booth(session);
  return { view: () => html`<${Speak} booth=${booth} />`, media: () => booth.debug() };
});

/** @param {{ booth: BoothType }} props */
function Speak({ booth }) {
  const onAir = booth.onAir.value;
  useTitle(onAir ? words.speak.onAir : words.speak.title);
  if (booth.over) return html`<${Over} booth=${booth} />`;
  return booth.entered.value ? html`<${OnAir} booth=${booth} />` : html`<${Setup} booth=${booth} />`;
}
