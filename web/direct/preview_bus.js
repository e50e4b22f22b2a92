/** The preview: who could be cut to now, how they look and sound, and the cut itself. */

/** @import { Desk } from './desk.js' */
/** @import { Row } from './run.js' */

import { measure } from '../shared/media/level.js';
import { timeOfDay } from '../shared/time.js';
import { IconButton } from '../shared/ui/parts.js';
import { SlotView } from '../shared/ui/picture.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useRef, useState } from '../vendor/preact-hooks.js';
import { HALL } from './desk.js';
import { CutButton } from './keys.js';
import { LineWords } from './line_words.js';
import { hasPicture, mayPick, steps } from './run.js';
import { findingWord } from './run_of_show.js';

const { direct } = words;

/** @param {{ desk: Desk }} props */
export function PreviewBus({ desk }) {
  const row = desk.subject.value;
  const hall = desk.picked.value === HALL;
  const { preview, state } = desk;
  const shown = preview.shown.main.value !== 'none' || preview.shown.slides.value !== 'none';
  const slides = preview.shown.slides.value !== 'none';
  const ready = row && hasPicture(row) ? (row.cue?.acknowledged || row.light === 'green' ? 'green' : 'amber') : 'none';
  const main = state.stage[0];
  const who = row?.person && row.name;
  return html`
    <section class="bus preview-bus" data-ready=${ready} aria-labelledby="preview-title">
      <h2 class="desk-title" id="preview-title">
        <span class="bus-mark">${direct.preview}</span>
        <span class="bus-who" dir="auto">${hall ? direct.theHall : (row?.name ?? direct.nobodyNext)}</span>
        ${row?.next && html`<span class="mark next">${direct.next}</span>`}
      </h2>
      <div class="picture" data-layout=${slides ? 'slides' : 'main'}>
        <${SlotView} viewer=${preview} name="slides" label=${direct.previewSlides} />
        <${SlotView} viewer=${preview} name="main" label=${direct.previewPicture}>
          ${!shown && html`<p class="no-picture">${nothing(desk, row, hall)}</p>`}
        <//>
      </div>
      <div class="listen">
        <${Meter} tracks=${preview.voices.value} key=${`${row?.id}${hall}`} />
        <${IconButton}
          icon=${preview.muted.value ? 'soundOff' : 'sound'}
          label=${preview.muted.value ? direct.listen : direct.listenOff}
          pressed=${!preview.muted.value}
          onClick=${() => {
            preview.muted.value = !preview.muted.value;
            if (!preview.muted.value) preview.playSound();
          }}
        />
      </div>
      ${!desk.over &&
      html`<div class="cuts">
        <${CutButton}
          desk=${desk}
          cut="take"
          kind="take"
          label=${who ? say(main ? direct.takeBeside : direct.take, { name: who }) : direct.takeNone}
          title=${main ? direct.takeBesideHow : direct.takeHow}
          disabled=${!who}
        />
        ${main &&
        html`<${CutButton}
          desk=${desk}
          cut="handover"
          kind="take"
          label=${who ? say(direct.handOver, { name: who }) : direct.handOverNone}
          title=${say(direct.handOverHow, { name: main.name })}
          disabled=${!who}
        />`}
      </div>`}
      <p class="quiet armed-how" role="status">${desk.armed.value ? direct.armed : ''}</p>
      ${row && html`<${Details} desk=${desk} row=${row} key=${row.id} />`}
    </section>
  `;
}

/**
 * Say why there is no picture.
 *
 * @param {Desk} desk
 * @param {Row | null} row
 * @param {boolean} hall
 */
function nothing({ preview, rows }, row, hall) {
  const { phase } = preview.status.value;
  if (hall) return direct.hallNone;
  if (!row) return rows.value.some(mayPick) ? direct.previewNone : direct.previewNobody;
  if (phase === 'refused' || phase === 'reconnecting') return direct.health.pictureBad;
  return hasPicture(row) ? words.stage.waiting : row.here ? direct.idle : direct.away;
}

/** What is known of who is in the preview, and what may be done with them. @param {{ desk: Desk, row: Row }} props */
function Details({ desk, row }) {
  const { preflight, light, cue } = row;
  const may = steps(row).filter((step) => desk.may(step === 'measure' ? 'preflight.start' : `cue.${step}`));
  const left = preflight && !preflight.grade ? Math.max(0, Math.ceil((preflight.until - desk.session.now.value) / 1000)) : 0;
  return html`
    <div class="details">
      ${row.about && html`<p class="quiet">${row.about}</p>`}
      <p class="light" data-light=${light}>
        ${light === 'running' ? say(direct.measuring, { n: left }) : direct.light[light]}
        ${(preflight?.findings ?? []).map((finding) => html`<span key=${finding.code} class="finding">${findingWord(finding)}</span>`)}
      </p>
      <${LineWords} line=${row.person ? desk.lines.known.value[row.person.id] : undefined} />
      <div class="details-acts">
        ${may.map(
          (step) => html`<button key=${step} type="button" class="button" data-step=${step} onClick=${() => desk.step(row, step)}>
            ${direct.steps[step]}
          </button>`,
        )}
      </div>
      ${row.person && desk.may('chat.post:backstage') && html`<${Note} desk=${desk} id=${row.person.id} name=${row.name} />`}
      ${cue?.steps &&
      html`<details class="steps">
        <summary>${direct.stepsTaken}</summary>
        <ol>
          ${cue.steps.map(
            (step) => html`<li key=${step.at}><time>${timeOfDay(step.at, { seconds: true })}</time> ${direct.cues[step.state]} <span class="quiet">${whoDid(desk, row, step.by)}</span></li>`,
          )}
        </ol>
      </details>`}
    </div>
  `;
}

/** @param {Desk} desk @param {Row} row @param {string} by */
function whoDid(desk, row, by) {
  if (by === 'system') return '';
  if (by === row.person?.id) return direct.bySelf;
  if (by === desk.state.you?.id) return direct.byYou;
  const known = [...(desk.state.presence.people ?? []), ...desk.state.crew].find((p) => p.id === by);
  return say(direct.by, { name: known?.name ?? direct.byDesk });
}

/** A line to one speaker, which they alone read on their page. @param {{ desk: Desk, id: string, name: string }} props */
export function Note({ desk, id, name }) {
  const [text, setText] = useState('');
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim() && (await desk.write(id, text.trim()))) setText('');
  };
  const label = say(direct.writeTo, { name });
  return html`
    <form class="one-line" onSubmit=${send}>
      <input
        class="field"
        maxlength="800"
        aria-label=${label}
        placeholder=${label}
        value=${text}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setText(e.currentTarget.value)}
      />
      <button type="submit" class="button" disabled=${!text.trim()}>${words.chat.send}</button>
    </form>
  `;
}

/** How loud they are, as a bar. @param {{ tracks: readonly MediaStreamTrack[] }} props */
function Meter({ tracks }) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  const [first] = tracks;
  useEffect(() => {
    if (!first) return undefined;
    return measure(first, (level) => {
      bar.current?.style.setProperty('--level', level.toFixed(3));
      bar.current?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
    });
  }, [first]);
  return html`
    <div class="level" ref=${bar} role="meter" aria-label=${direct.level} aria-valuenow="0" aria-valuemin="0" aria-valuemax="100"></div>
  `;
}
