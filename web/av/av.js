/**
 * The AV desk's page, beside the hall's screen: what the room sends and to whom, what it hears and where it
 * comes out, who stands at its microphone, what the producer says, and whether all of it works.
 */

/** @import { LiveSession } from '../shared/session.js' */

import { duration, timeOfDay } from '../shared/time.js';
import { keepFocus } from '../shared/ui/focus.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { Nowhere, openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine } from '../shared/ui/parts.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html } from '../vendor/htm-preact.js';
import { Desk } from './desk.js';
import { Health } from './health.js';
import { Line, Noted } from './line.js';
import { Microphone } from './microphone.js';
import { Room } from './room.js';
import { Sound } from './sound.js';

keepFocus();

void openPage('av', (session) => {
  const desk = new Desk(session);
  return { view: () => html`<${Av} desk=${desk} />`, media: () => desk.debug() };
});

/** @param {{ desk: Desk }} props */
function Av({ desk }) {
  const { session } = desk;
  const state = session.state.value;
  useTitle(state.session?.title || words.av.title);
  if (state.you && !state.can.includes('whip:hall')) {
    return html`<${Nowhere} why=${words.av.title} how=${words.av.notAllowed} />`;
  }
  return html`
    <div class="av">
      <${Head} session=${session} />
      <${Noted} session=${session} />
      <main class="av-desk">
        <${Room} desk=${desk} />
        <${Sound} desk=${desk} />
        <div class="av-side">
          <${Health} desk=${desk} />
          <${Microphone} session=${session} />
          <${Line} session=${session} />
        </div>
      </main>
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
function Head({ session }) {
  const { session: talk } = session.state.value;
  const now = session.now.value;
  const started = talk?.status === 'live' && talk.started ? ` ${duration(now - talk.started)}` : '';
  return html`
    <header class="desk-head">
      <h1 dir="auto">${talk?.title || html`<span class="skeleton head-skeleton"></span>`}</h1>
      <p class="av-state">${talk ? `${words.av.states[talk.status]}${started}` : ''}</p>
      <time class="count">${timeOfDay(now, { seconds: true })}</time>
      <${ConnectionLine} session=${session} goesOn />
      <${LanguageChoice} />
    </header>
  `;
}
