/** The producer's desk as a vision mixer has it: the run of show, what is next, what is on stage. */

/** @import { Desk } from './desk.js' */

import { keepFocus } from '../shared/ui/focus.js';
import { Nowhere, openPage, useTitle } from '../shared/ui/page.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { AlarmBar } from './alarm_bar.js';
import { Desk as DeskOf } from './desk.js';
import { Head } from './head.js';
import { Keys, onKeys } from './keys.js';
import { PreviewBus } from './preview_bus.js';
import { ProgrammeBus } from './programme_bus.js';
import { RunOfShow } from './run_of_show.js';
import { Backstage, Service } from './side.js';

const { direct } = words;

keepFocus();

void openPage('direct', (session) => {
  const desk = new DeskOf(session);
  return {
    view: () => html`<${Direct} desk=${desk} />`,
    media: () => ({ ...desk.programme.debug(), preview: desk.preview.debug(), ear: desk.intercom.ear.debug() }),
  };
});

/** @param {{ desk: Desk }} props */
function Direct({ desk }) {
  const { state } = desk;
  const title = state.session?.title ?? '';
  const [keysShown, setKeysShown] = useState(false);
  useTitle(title || direct.title);
  useEffect(() => onKeys(desk, () => setKeysShown(true)), [desk]);

  if (state.you && !state.can.includes('stage.bring_on')) {
    return html`<${Nowhere} why=${direct.title} how=${direct.notAllowed} />`;
  }
  return html`
    <div class="direct">
      <${Head} desk=${desk} onKeys=${() => setKeysShown(true)} />
      <${AlarmBar} desk=${desk} />
      <main class="desk-body">
        <${RunOfShow} desk=${desk} />
        <${PreviewBus} desk=${desk} />
        <${ProgrammeBus} desk=${desk} />
        <${Backstage} desk=${desk} />
        <${Service} desk=${desk} />
      </main>
      ${keysShown && html`<${Keys} onClose=${() => setKeysShown(false)} />`}
    </div>
  `;
}
