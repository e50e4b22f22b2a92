/** The hall's screen: the picture, who speaks, the question being asked. Nothing else, and no cursor. */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { joinStage } from '../shared/stage.js';
import { isOver, onScreen } from '../shared/store.js';
import { Captions } from '../shared/ui/captions.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine, NameLine } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

/** With `?captions` or `?captions=zh` in its link, the screen has captions. */
const captions = new URLSearchParams(location.search).get('captions');

void openPage('hall', (session) => {
  const viewer = joinStage(session);
  return {
    view: () => html`<${Hall} session=${session} viewer=${viewer} />`,
    media: () => viewer.debug(),
  };
});

/** @param {{ session: LiveSession, viewer: Viewer }} props */
function Hall({ session, viewer }) {
  const state = session.state.value;
  useTitle(state.session?.title || words.hall.title);
  const question = isOver(state.session?.status) ? undefined : onScreen(state);
  return html`
    <main class="hall" data-question=${question ? '' : undefined}>
      <${Picture} session=${session} viewer=${viewer}><${NameLine} session=${session} /><//>
      ${captions !== null && html`<${Captions} session=${session} tag=${captions} />`}
      ${question &&
      html`<section class="question" key=${question.id} aria-live="polite" aria-label=${words.stage.onScreen}>
        <p class="question-text">${question.text}</p>
        <p class="question-by">${question.author.name || words.ask.anonymous}</p>
      </section>`}
      <${ConnectionLine} session=${session} viewer=${viewer} pictureOnly />
      ${viewer.soundBlocked.value && html`<${Start} viewer=${viewer} />`}
    </main>
  `;
}

/**
 * The one click a browser without a kiosk's rights wants before it plays sound.
 *
 * @param {{ viewer: Viewer }} props
 */
function Start({ viewer }) {
  const start = () => {
    viewer.playSound();
    // Refused where full screen is not allowed: the page works without.
    document.documentElement.requestFullscreen?.().catch(() => undefined);
  };
  return html`
    <div class="start">
      <button type="button" class="button primary" autofocus onClick=${start}>${words.hall.start}</button>
      <p>${words.hall.startHow}</p>
      <${LanguageChoice} />
    </div>
  `;
}
