/**
 * What a viewer sees: the two slots of a feed, and a slate where there is no picture. Owns which of the
 * three is to be seen; where they stand is each page's style.
 */

/** @import { LiveSession } from '../session.js' */
/** @import { SlotName, Viewer } from '../media/whep.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useRef } from '../../vendor/preact-hooks.js';
import { isOver, mediaOnStage, slate } from '../selectors.js';
import { beginning, duration } from '../time.js';
import { refusal, say, words } from '../words.js';
import { Afterwards } from './afterwards.js';

/**
 * The stage's picture. The layout is `slides` while slides are shown, else `main`; with slides, `arranged`
 * says how the two stand. `small`: the browser may take a video out into a window of its own.
 *
 * `instead`: what stands in the place of a picture, if not the slate for one viewer.
 *
 * @param {{ session: LiveSession, viewer: Viewer, arranged?: string, small?: boolean,
 *   instead?: import('../../vendor/preact.js').ComponentChildren,
 *   children?: import('../../vendor/preact.js').ComponentChildren }} props
 */
export function Picture({ session, viewer, arranged, small, instead, children }) {
  const slides = viewer.shown.slides.value !== 'none';
  const main = viewer.shown.main.value !== 'none';
  return html`
    <section class="picture" data-layout=${slides ? 'slides' : 'main'} data-arranged=${arranged} aria-label=${words.stage.region}>
      <${SlotView} viewer=${viewer} name="slides" label=${words.stage.slides} small=${small} />
      <${SlotView} viewer=${viewer} name="main" label=${words.stage.main} small=${small}>
        ${!main && slides && html`<p class="no-picture">${words.stage.noPicture}</p>`}
        ${!main && !slides && (instead ?? html`<${Slate} session=${session} viewer=${viewer} />`)}
      <//>
      ${children}
    </section>
  `;
}

/**
 * One slot: the video, and the canvas that holds its last frame.
 *
 * @param {{ viewer: Viewer, name: SlotName, label: string, small?: boolean,
 *   children?: import('../../vendor/preact.js').ComponentChildren }} props
 */
export function SlotView({ viewer, name, label, small, children }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    viewer.slots[name].attach(video.current, canvas.current);
    return () => viewer.slots[name].attach(null, null);
  }, [viewer, name]);
  return html`
    <div class="slot" data-slot=${name} data-shown=${viewer.shown[name].value}>
      <video ref=${video} aria-label=${label} autoplay playsinline muted disablepictureinpicture=${!small}></video>
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      ${children}
    </div>
  `;
}

/** @param {{ session: LiveSession, viewer: Viewer }} props */
const Slate = ({ session, viewer }) => html`
  <div class="slate"><${Words} session=${session} viewer=${viewer} /></div>
`;

/**
 * What is said instead of a picture: the title, why, and what comes.
 *
 * @param {{ session: LiveSession, viewer?: Viewer }} props without a viewer: where no picture is wanted
 */
export function Words({ session, viewer }) {
  const { text, how } = slateOf(session, viewer);
  const { session: talk } = session.state.value;
  const instead = slate(session.state.value);
  const left = talk?.status === 'paused' && talk.resumes ? talk.resumes - session.now.value : 0;
  return html`
    <p class="slate-title">${instead || (talk?.title ?? '')}</p>
    <p class="slate-text">${text}</p>
    ${left > 0 && html`<p class="slate-count" role="timer">${say(words.stage.pausedFor, { time: duration(left) })}</p>`}
    ${how && html`<p class="slate-how">${how}</p>`}
    ${talk && isOver(talk.status) && html`<${Afterwards} talk=${talk} />`}
  `;
}

/**
 * Say why there is no picture.
 *
 * @param {LiveSession} session
 * @param {Viewer} [viewer]
 * @returns {{ text: string, how?: string }}
 */
export function slateOf(session, viewer) {
  const state = session.state.value;
  const { stage } = words;
  const line = session.status.value;
  if (!state.session) return line.phase === 'closed' ? { text: refusal(line), how: words.line.closedHow } : { text: '' };
  if (isOver(state.session.status)) return { text: stage.ended, how: stage.endedHow };
  if (state.session.status === 'planned') {
    if (state.session.programme?.withdrawn) return { text: stage.withdrawn, how: stage.withdrawnHow };
    const start = state.timetable?.start ?? state.session.programme?.start;
    const when = start ? `${say(stage.plannedAt, { time: beginning(start, session.now.value) })} ` : '';
    return { text: stage.planned, how: `${when}${stage.plannedHow}` };
  }
  if (state.session.status === 'doors') return { text: stage.doors, how: stage.doorsHow };
  if (state.session.status === 'paused') return { text: stage.paused, how: stage.pausedHow };
  if (slate(state) !== null) return { text: stage.slateHow };
  if (!state.stage.length || !viewer) return { text: stage.empty };
  if (viewer.soundOnly.value) return { text: stage.soundOnly, how: stage.soundOnlyHow };
  if (mediaOnStage(state) === false) return { text: words.line.speakerGone };
  return { text: viewer.status.value.phase === 'connected' ? stage.noPicture : stage.waiting };
}
