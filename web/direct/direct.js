/** The producer's desk: what is on stage now, and what is next. */

/** @import { Intent } from '../shared/connection.js' */
/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */
/** @import { CastMember } from './cast.js' */
/** @import { Status } from '../shared/protocol.js' */

/** @typedef {'session.doors' | 'session.start' | 'session.pause' | 'session.resume' | 'session.reopen'} LifeStep */

import { joinStage } from '../shared/stage.js';
import { isOver, onAir } from '../shared/store.js';
import { duration, timeOfDay } from '../shared/time.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { openPage, useTitle } from '../shared/ui/page.js';
import { Confirm, ConnectionLine, People, PresenceCounts, badge } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { SoundBar } from '../shared/ui/sound.js';
import { refusal, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { cast } from './cast.js';

const { direct } = words;

/** @typedef {'open' | 'start' | 'pause' | 'resume' | 'reopen'} LifeWord */

/** @type {Record<Status, ReadonlyArray<{ type: LifeStep, text: LifeWord, how: `${LifeWord}How`, main?: boolean }>>} */
const LIFE = {
  planned: [
    { type: 'session.doors', text: 'open', how: 'openHow' },
    { type: 'session.start', text: 'start', how: 'startHow', main: true },
  ],
  doors: [{ type: 'session.start', text: 'start', how: 'startHow', main: true }],
  live: [{ type: 'session.pause', text: 'pause', how: 'pauseHow' }],
  paused: [{ type: 'session.resume', text: 'resume', how: 'resumeHow', main: true }],
  ended: [{ type: 'session.reopen', text: 'reopen', how: 'reopenHow' }],
  replay: [{ type: 'session.reopen', text: 'reopen', how: 'reopenHow' }],
};

void openPage('direct', (session) => {
  const viewer = joinStage(session);
  viewer.muted.value = true;
  return {
    view: () => html`<${Direct} session=${session} viewer=${viewer} />`,
    media: () => viewer.debug(),
  };
});

/** @param {{ session: LiveSession, viewer: Viewer }} props */
function Direct({ session, viewer }) {
  const state = session.state.value;
  const title = state.session?.title ?? '';
  const air = onAir(state).length > 0;
  const [said, setSaid] = useState('');
  useTitle(title || direct.title);
  const give = async (/** @type {Intent} */ intent) => {
    setSaid('');
    const outcome = await session.command(intent);
    if (!outcome.ok) setSaid(refusal(outcome));
  };

  if (state.you && !state.can.includes('stage.bring_on')) {
    return html`<main class="slate alone"><h1>${direct.title}</h1><p>${direct.notAllowed}</p></main>`;
  }
  const { stage, waiting } = cast(state);
  const seen = state.air.version;
  return html`
    <div class="direct">
      <${Head} session=${session} viewer=${viewer} give=${give} />
      <main class="stage-desk">
        <section class="programme" data-air=${air ? 'on' : 'off'}>
          <h2 class="desk-title"><span class="tally-mark">${direct.programme}</span> <span>${direct.programmeHow}</span></h2>
          <${Picture} session=${session} viewer=${viewer} />
          <${SoundBar} viewer=${viewer} fill=${() => document.querySelector('.picture')} />
          <ul class="cast">
            ${stage.map(
              (member, i) => html`
                <${Member} key=${member.person.id} member=${member} mark=${i === 0 ? direct.main : ''}>
                  ${i > 0 &&
                  html`<button
                    type="button"
                    class="button"
                    onClick=${() => give({ type: 'stage.bring_on', participant: member.person.id, seen })}
                  >
                    ${direct.makeMain}
                  </button>`}
                  <button
                    type="button"
                    class="button"
                    onClick=${() => give({ type: 'stage.take_off', participant: member.person.id, seen })}
                  >
                    ${direct.takeOff}
                  </button>
                <//>
              `,
            )}
          </ul>
          ${stage.length === 0 && html`<p class="empty">${direct.stageNone}</p>`}
        </section>
        <section class="backstage">
          <h2 class="desk-title">${direct.ready}</h2>
          ${said && html`<p class="note" data-said role="alert">${said}</p>`}
          <ul class="cast">
            ${waiting.map(
              (member) => html`
                <${Member} key=${member.person.id} member=${member}>
                  <button
                    type="button"
                    class="button primary"
                    disabled=${isOver(state.session?.status)}
                    onClick=${() => give({ type: 'stage.bring_on', participant: member.person.id, seen })}
                  >
                    ${direct.bringOn}
                  </button>
                <//>
              `,
            )}
          </ul>
          ${waiting.length === 0 && html`<p class="empty">${direct.readyNone}</p>`}
          <h2 class="desk-title">${direct.service}</h2>
          <${Health} session=${session} viewer=${viewer} />
          <h2 class="desk-title">${words.presence.people}</h2>
          <${People} session=${session} />
        </section>
      </main>
    </div>
  `;
}

/**
 * The session's title, its state and time, and the two commands that open and close it.
 *
 * @param {{ session: LiveSession, viewer: Viewer, give: (intent: Intent) => void }} props
 */
function Head({ session, viewer, give }) {
  const [asking, setAsking] = useState(false);
  const { session: talk, can } = session.state.value;
  const status = talk?.status ?? 'planned';
  const since = status === 'live' ? talk?.started : talk?.paused;
  const steps = LIFE[status].filter((step) => can.includes(step.type));
  return html`
    <header class="desk-head">
      <h1>${talk?.title ?? ''}</h1>
      <${ConnectionLine} session=${session} viewer=${viewer} />
      <${PresenceCounts} session=${session} />
      <${LanguageChoice} />
      <p class="clock quiet">${timeOfDay(session.now.value, { seconds: true })}</p>
      ${talk &&
      html`<p class="session-state">
        ${direct[status]} ${since ? duration(session.now.value - since) : ''}
      </p>`}
      ${steps.map(
        ({ type, text, how, main }) => html`<button
          key=${type}
          type="button"
          class=${main ? 'button primary' : 'button'}
          title=${direct[how]}
          onClick=${() => give({ type })}
        >
          ${direct[text]}
        </button>`,
      )}
      ${!isOver(status) &&
      can.includes('session.end') &&
      html`<button type="button" class="button" onClick=${() => setAsking(true)}>${direct.end}</button>`}
      ${asking &&
      html`<${Confirm}
        text=${direct.endAsk}
        yes=${direct.endYes}
        no=${direct.endNo}
        onYes=${() => {
          setAsking(false);
          give({ type: 'session.end' });
        }}
        onNo=${() => setAsking(false)}
      />`}
    </header>
  `;
}

/**
 * One person, what arrives of them, and what can be done.
 *
 * @param {{ member: CastMember, mark?: string, children?: import('../vendor/preact.js').ComponentChildren }} props
 */
function Member({ member, mark = '', children }) {
  const { person, here, sends } = member;
  return html`
    <li class="member" data-participant=${person.id}>
      <div class="member-who">
        <p class="member-name">${person.name} ${mark && html`<span class="mark">${mark}</span>`}</p>
        ${badge(person) && html`<p class="quiet">${badge(person)}</p>`}
        <p class="sends">
          ${!sends?.length && html`<span class="send">${!sends ? direct.unknown : here ? direct.idle : direct.away}</span>`}
          ${sends?.map(
            (p) => html`<span key=${p.source} class="send" data-live=${p.live ? '' : undefined}>${sentence(p)}</span>`,
          )}
        </p>
      </div>
      <div class="member-acts">${children}</div>
    </li>
  `;
}

/** Say what a publication carries. @param {import('../shared/protocol.js').Media} publication */
function sentence({ source, audio, video, live }) {
  const what = [video && direct.sends[source], audio && direct.sends.sound].filter(Boolean).join(' + ');
  return `${what || direct.nothing}${live ? '' : `: ${direct.stalled}`}`;
}

/** The service's health, in words. @param {{ session: LiveSession, viewer: Viewer }} props */
function Health({ session, viewer }) {
  const { media, chatPaused } = session.state.value;
  const { health } = direct;
  const { phase } = viewer.status.value;
  const playing = viewer.shown.main.value !== 'none' || viewer.shown.slides.value !== 'none';
  const picture = phase === 'connected' ? (playing ? health.pictureGood : health.pictureNone) : health.pictureBad;
  const lines = /** @type {const} */ ([
    [session.status.value.phase === 'open', health.lineGood, health.lineBad],
    [media.relay, health.relayGood, health.relayBad],
    [!chatPaused, health.chatGood, health.chatBad],
    [phase === 'connected', picture, picture],
  ]);
  return html`
    <ul class="health" aria-live="polite">
      ${lines.map(([good, yes, no]) => html`<li data-good=${good ? '' : undefined}>${good ? yes : no}</li>`)}
    </ul>
  `;
}
