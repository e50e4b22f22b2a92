/**
 * The audience's page: the speaker, and what goes with it. As a companion (`?companion`) it has no picture
 * and no sound: for phones in the hall, where both are in front of everybody.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { declarationOnScreen, isOver, onAir, onScreen, pinnedFor, pollOnScreen } from '../shared/selectors.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { Nowhere, openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine, NameLine, PresenceCounts } from '../shared/ui/parts.js';
import { Picture, Words } from '../shared/ui/picture.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { arranged } from './arranged.js';
import { opened, stage } from './join.js';
import { later } from './later.js';
import { Panel } from './panel.js';
import { Reactions } from './reactions.js';

void openPage(
  'watch',
  async (session) => {
    const viewer = await stage;
    if (!viewer) return { view: () => html`<${Companion} session=${session} />`, media: () => ({}) };
    return { view: () => html`<${Watch} session=${session} viewer=${viewer} />`, media: () => viewer.debug() };
  },
  opened,
);

/** @param {{ session: LiveSession, viewer: Viewer }} props */
function Watch({ session, viewer }) {
  const more = later.value;
  if (turnedAway(session)) return html`<${TurnedAway} session=${session} />`;
  return html`
    <div class="watch">
      <main class="watch-stage">
        <${Head} session=${session} />
        <${Picture} session=${session} viewer=${viewer} arranged=${arranged.value} small>
          ${more?.wanted.value.on && html`<${more.Captions} session=${session} />`}
          <div class="under">
            <${NameLine} session=${session} />
            ${more && !isOver(session.state.value.session?.status) && html`<${more.Player} session=${session} viewer=${viewer} />`}
          </div>
        <//>
        <${ConnectionLine} session=${session} viewer=${viewer} />
        <${Reactions} session=${session}>${more && html`<${more.Hand} session=${session} viewer=${viewer} />`}<//>
        <${Pinned} session=${session} />
        <${OnScreen} session=${session} />
      </main>
      <${Calls} session=${session} viewer=${viewer} />
      <${Panel} session=${session} />
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
function Companion({ session }) {
  const more = later.value;
  if (turnedAway(session)) return html`<${TurnedAway} session=${session} />`;
  return html`
    <div class="watch companion">
      <main class="watch-stage">
        <${Head} session=${session} />
        ${onAir(session.state.value).length
          ? html`<${NameLine} session=${session} />
              <p class="quiet">${words.stage.companion}</p>`
          : html`<${Words} session=${session} />`}
        <${ConnectionLine} session=${session} />
        ${more &&
        html`<div class="companion-captions">
          <${more.CaptionsButton} session=${session} />
          ${more.wanted.value.on && html`<${more.Captions} session=${session} />`}
          <${more.CaptionsChoice} session=${session} />
        </div>`}
        <${Reactions} session=${session}>${more && html`<${more.Hand} session=${session} viewer=${null} />`}<//>
        <${Pinned} session=${session} />
        <${OnScreen} session=${session} />
      </main>
      <${Calls} session=${session} viewer=${null} />
      <${Panel} session=${session} />
    </div>
  `;
}

/** What this person is asked to do, and whether they are on air: in sight at any size. @param {{ session: LiveSession, viewer: Viewer | null }} props */
function Calls({ session, viewer }) {
  const more = later.value;
  return html`
    <div class="calls">
      ${more && html`<${more.SignCall} session=${session} /><${more.Floor} session=${session} viewer=${viewer} />`}
    </div>
  `;
}

/** @param {LiveSession} session @returns {string} why nobody is let in here; empty: they are, or not yet */
function turnedAway(session) {
  const line = session.status.value;
  return line.phase === 'closed' && !session.state.value.session ? refusal(line) : '';
}

/** Who was not let in has nobody to write to, and nothing to wait for. @param {{ session: LiveSession }} props */
function TurnedAway({ session }) {
  useTitle(words.watch.title);
  return html`<${Nowhere} why=${turnedAway(session)} how=${words.line.closedHow} />`;
}

/** @param {{ session: LiveSession }} props */
function Head({ session }) {
  const state = session.state.value;
  const title = state.session?.title ?? '';
  useTitle(title || words.watch.title);
  return html`
    <header class="watch-head">
      <h1>${title || html`<span class="skeleton head-skeleton"></span>`}</h1>
      ${onAir(state).length > 0 && html`<p class="live">${words.stage.live}</p>`}
      <${PresenceCounts} session=${session} />
      <${LanguageChoice} />
    </header>
  `;
}

/** What is announced to those who sit where this person does. @param {{ session: LiveSession }} props */
function Pinned({ session }) {
  const state = session.state.value;
  const pinned = pinnedFor(state, state.you?.place ?? 'online');
  return html`
    <div role="status">
      ${pinned && html`<p class="pinned" key=${pinned.id}><span class="quiet">${words.announcement}</span> <bdi>${pinned.text}</bdi></p>`}
    </div>
  `;
}

/** The question, the poll or the declaration that the hall reads now. @param {{ session: LiveSession }} props */
function OnScreen({ session }) {
  const state = session.state.value;
  const over = isOver(state.session?.status);
  const question = over ? undefined : onScreen(state);
  const poll = over ? undefined : pollOnScreen(state);
  const declaration = over ? undefined : declarationOnScreen(state);
  return html`
    <div class="on-screens" aria-live="polite">
      ${poll &&
      html`<section class="on-screen" key=${poll.id}>
        <h2>${words.stage.onScreen}</h2>
        <p class="on-screen-text">${poll.text}</p>
      </section>`}
      ${declaration &&
      html`<section class="on-screen" key=${declaration.id}>
        <h2>${words.stage.onScreen}</h2>
        <p class="on-screen-text">${declaration.title}</p>
        <p class="quiet">${later.value?.signedOf(declaration)}</p>
      </section>`}
      ${question &&
      html`<section class="on-screen" key=${question.id}>
        <h2>${words.stage.onScreen}</h2>
        <p class="on-screen-text">${question.text}</p>
        <p class="quiet">${question.author.name || words.ask.anonymous}</p>
      </section>`}
    </div>
  `;
}
