/**
 * The hall's screen: the picture, who speaks, what is asked, how phones come in. Nothing else, and no cursor.
 * By its link it is a kiosk (`?kiosk`: no hand is needed, whatever happens, and not for the room's next session), without sound (`?silent`: the
 * desk plays it), without a code (`?qr=none`), with captions (`?captions`, or `?captions=zh`).
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */
/** @import { Signal } from '../vendor/signals.js' */

import { joinStage } from '../shared/stage.js';
import { declarationOnScreen, isOver, onScreen, pinnedFor, pollOnScreen } from '../shared/selectors.js';
import { Captions } from '../shared/ui/captions.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { openPage, useTitle } from '../shared/ui/page.js';
import { ConnectionLine } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { say, words } from '../shared/words.js';
import '../shared/words/all.js';
import { html } from '../vendor/htm-preact.js';
import { Badge, FloorBadge } from './badge.js';
import { asked, doorway, modeOf } from './board.js';
import { DeclarationBoard } from './declaration.js';
import { doorOf } from './door.js';
import { fill, keepScreen } from './kiosk.js';
import { News } from './news.js';
import { nextOf } from './next.js';
import { PollBoard } from './poll.js';
import { QuestionBoard } from './question.js';
import { HallSlate } from './slate.js';

/** @import { Next } from '../shared/ui/afterwards.js' */

/** @typedef {{ session: LiveSession, viewer: Viewer, door: Signal<{ link: string, qr: string } | null>, next: Signal<Next | null> }} Shown */

const mode = modeOf(location.search);

void openPage('hall', (session) => {
  const viewer = joinStage(session);
  viewer.muted.value = mode.silent;
  const door = doorOf(session);
  const next = nextOf(session, mode.kiosk);
  keepScreen(session, viewer, mode.kiosk);
  return {
    view: () => html`<${Hall} session=${session} viewer=${viewer} door=${door} next=${next} />`,
    media: () => viewer.debug(),
  };
});

/** @param {Shown} props */
function Hall({ session, viewer, door, next }) {
  const state = session.state.value;
  useTitle(state.session?.title || words.hall.title);
  const is = asked(state);
  const question = is === 'question' ? onScreen(state) : undefined;
  const poll = is === 'poll' ? pollOnScreen(state) : undefined;
  const code = mode.door ? door.value : null;
  const size = code ? doorway(state) : 'none';
  const picture = viewer.shown.main.value !== 'none' || viewer.shown.slides.value !== 'none';
  const pinned = isOver(state.session?.status) ? null : pinnedFor(state, 'hall');
  const company = [size, picture, pinned?.text, mode.captions].join('\n');
  const blocked = viewer.soundBlocked.value && !mode.silent;
  return html`
    <main class="hall" data-asked=${is} data-door=${size} data-picture=${picture ? '' : undefined} data-kiosk=${mode.kiosk ? '' : undefined}>
      <${Picture} session=${session} viewer=${viewer} instead=${html`<${HallSlate} session=${session} viewer=${viewer} next=${next} />`}>
        <div class="cards">
          <${Badge} session=${session} />
          <${FloorBadge} session=${session} />
        </div>
      <//>
      <div class="board" aria-live="polite">
        ${question && html`<${QuestionBoard} key=${question.id} session=${session} question=${question} company=${company} />`}
        ${poll && html`<${PollBoard} key=${poll.id} session=${session} poll=${poll} company=${company} />`}
        ${is === 'declaration' && html`<${DeclarationBoard} session=${session} declaration=${declarationOnScreen(state)} />`}
      </div>
      ${code && size !== 'none' && html`<${Doorway} code=${code} size=${size} poll=${is === 'poll'} />`}
      ${mode.captions !== null && html`<div class="said"><${Captions} session=${session} tag=${mode.captions} /></div>`}
      <div class="news" role="status">
        ${pinned && html`<${News} key=${pinned.id} session=${session} text=${pinned.text} />`}
      </div>
      <${ConnectionLine} session=${session} viewer=${viewer} pictureOnly />
      ${blocked && (mode.kiosk ? html`<p class="line sound-line" data-kind="wait">${words.hall.silent}</p>` : html`<${Start} viewer=${viewer} />`)}
    </main>
  `;
}

/**
 * The way in for phones, as large as it matters now.
 *
 * @param {{ code: { link: string, qr: string }, size: 'large' | 'small', poll: boolean }} props
 */
const Doorway = ({ code, size, poll }) => html`
  <figure class="door" data-size=${size}>
    <img class="door-code" src=${code.qr} alt=${say(words.hall.code, { place: new URL(code.link).host })} />
    <figcaption class="door-how">${poll ? words.hall.scanVote : words.hall.scan}</figcaption>
  </figure>
`;

/**
 * The one click a browser without a kiosk's rights wants before it plays sound.
 *
 * @param {{ viewer: Viewer }} props
 */
function Start({ viewer }) {
  const start = () => {
    viewer.playSound();
    fill();
  };
  return html`
    <div class="start">
      <button type="button" class="button primary" autofocus onClick=${start}>${words.hall.start}</button>
      <p>${words.hall.startHow}</p>
      <${LanguageChoice} />
    </div>
  `;
}
