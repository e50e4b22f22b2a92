/** The audience's page: the speaker, and what goes with it. */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { joinStage } from '../shared/stage.js';
import { onScreen } from '../shared/store.js';
import { Chat } from '../shared/ui/chat.js';
import { openPage } from '../shared/ui/page.js';
import { ConnectionLine, NameLine, PresenceCounts } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { Questions } from '../shared/ui/questions.js';
import { SoundBar } from '../shared/ui/sound.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';

openPage('watch', (session) => {
  const viewer = joinStage(session);
  return {
    view: () => html`<${Watch} session=${session} viewer=${viewer} />`,
    media: () => viewer.debug(),
  };
});

/** @param {{ session: LiveSession, viewer: Viewer }} props */
function Watch({ session, viewer }) {
  const state = session.state.value;
  const title = state.session?.title ?? '';
  const question = onScreen(state);
  useEffect(() => {
    document.title = `${title || words.watch.title} · ${words.product}`;
  }, [title]);
  return html`
    <div class="watch" data-question=${question ? '' : undefined}>
      <main class="watch-stage">
        <header class="watch-head">
          <h1>${title}</h1>
          ${state.session?.status === 'live' &&
          state.stage.length > 0 &&
          html`<p class="live">${words.stage.live}</p>`}
          <${PresenceCounts} session=${session} />
        </header>
        <${Picture} session=${session} viewer=${viewer}>
          <div class="under">
            <${NameLine} session=${session} />
            <${SoundBar} viewer=${viewer} fill=${() => document.querySelector('.picture')} />
          </div>
        <//>
        <${ConnectionLine} session=${session} viewer=${viewer} />
        ${question &&
        html`<section class="on-screen" aria-live="polite">
          <h2>${words.stage.onScreen}</h2>
          <p class="on-screen-text">${question.text}</p>
          <p class="quiet">${question.author.name || words.ask.anonymous}</p>
        </section>`}
      </main>
      <${Panel} session=${session} />
    </div>
  `;
}

/** @param {{ session: LiveSession }} props */
function Panel({ session }) {
  const [tab, setTab] = useState(/** @type {'chat' | 'ask'} */ ('chat'));
  const tabs = /** @type {const} */ (['chat', 'ask']);
  const onKeyDown = (/** @type {KeyboardEvent} */ { key }) => {
    if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
    const other = tab === 'chat' ? 'ask' : 'chat';
    setTab(other);
    document.getElementById(`tab-${other}`)?.focus();
  };
  return html`
    <aside class="panel" aria-label=${words.watch.panel}>
      <div class="tabs" role="tablist" onKeyDown=${onKeyDown}>
        ${tabs.map(
          (name) => html`
            <button
              key=${name}
              id="tab-${name}"
              type="button"
              role="tab"
              aria-selected=${tab === name}
              aria-controls="panel-${name}"
              tabindex=${tab === name ? 0 : -1}
              onClick=${() => setTab(name)}
            >
              ${words[name].tab}
            </button>
          `,
        )}
      </div>
      <div class="panel-body" id="panel-${tab}" role="tabpanel" aria-labelledby="tab-${tab}">
        ${tab === 'chat' ? html`<${Chat} session=${session} />` : html`<${Questions} session=${session} />`}
      </div>
    </aside>
  `;
}
