/** The programme: what hall and audience have now, who is on stage, and what goes out beside them. */

/** @import { Person } from '../shared/protocol.js' */
/** @import { Desk } from './desk.js' */

import { declarationOnScreen, gone, onAir, onScreen, pollOnScreen, slate } from '../shared/selectors.js';
import { Drop } from '../shared/ui/drop.js';
import { badge } from '../shared/ui/parts.js';
import { Picture } from '../shared/ui/picture.js';
import { SoundBar } from '../shared/ui/sound.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { SpeakerClock } from './clock_view.js';
import { CutButton } from './keys.js';
import { LineWords } from './line_words.js';

const { direct } = words;

const SLATES = /** @type {const} */ (['back', 'soon', 'lunch', 'question', 'thanks']);

/** Longest words a slate takes. */
const LONGEST = 200;

/** @param {{ desk: Desk }} props */
export function ProgrammeBus({ desk }) {
  const { state } = desk;
  const air = onAir(state).length > 0;
  const covered = slate(state) !== null;
  return html`
    <section class="bus programme" data-air=${air ? 'on' : 'off'} aria-labelledby="programme-title">
      <h2 class="desk-title" id="programme-title">
        <span class="bus-mark">${direct.programme}</span>
        <span class="bus-who" dir="auto">${covered ? direct.slateUp : state.session?.status === 'live' ? direct.programmeHow : direct.programmeShut}</span>
      </h2>
      <${Picture} session=${desk.session} viewer=${desk.programme} />
      <${SoundBar} viewer=${desk.programme} fill=${() => document.querySelector('.programme .picture')} />
      ${!desk.over &&
      html`<div class="cuts">
        ${typeof state.air.slate === 'string'
          ? html`<${CutButton} desk=${desk} cut="slate" kind="lift" label=${direct.lift} title=${direct.liftHow} />`
          : html`<${Slates} desk=${desk} />`}
        <${CutButton} desk=${desk} cut="slides" label=${state.air.slides === false ? direct.slidesShow : direct.slidesHide} />
      </div>`}
      <ul class="cast">
        ${!desk.over && state.stage.map((person, i) => html`<${OnStage} key=${person.id} desk=${desk} person=${person} main=${i === 0} />`)}
      </ul>
      ${state.stage.length === 0 && !desk.over && html`<p class="empty">${direct.stageNone}</p>`}
      ${!desk.over && html`<${AlsoShown} desk=${desk} />`}
    </section>
  `;
}

/** One person on stage. @param {{ desk: Desk, person: Person, main: boolean }} props */
function OnStage({ desk, person, main }) {
  const { state } = desk;
  const muted = (state.air.muted ?? []).includes(person.id);
  const away = gone(state, person.id);
  const { name } = person;
  return html`
    <li class="member" data-participant=${person.id} data-muted=${muted ? '' : undefined}>
      <div class="member-who">
        <p class="member-name">
          ${name} ${main && html`<span class="mark">${direct.main}</span>`}
          ${person.role === 'chair' && html`<span class="mark">${direct.chair}</span>`}
        </p>
        ${badge(person) && html`<p class="quiet">${badge(person)}</p>`}
        ${away ? html`<p class="line-words" data-grade="poor">${direct.stalled}</p>` : html`<${LineWords} line=${desk.lines.known.value[person.id]} />`}
        ${muted && html`<p class="muted-word">${direct.mutedWord}</p>`}
      </div>
      <${SpeakerClock} desk=${desk} person=${person} />
      ${desk.may('stage.mute') &&
      html`<div class="member-acts">
        ${main
          ? html`<${CutButton} desk=${desk} cut="mute" kind=${muted ? 'off' : ''} label=${muted ? direct.unmute : direct.mute} />
              <${CutButton} desk=${desk} cut="off" label=${direct.takeOff} />`
          : html`
              <button type="button" class="button" disabled=${desk.cutting.value} onClick=${() => desk.mute(person.id)}>${muted ? direct.unmute : direct.mute}</button>
              <button type="button" class="button" disabled=${desk.cutting.value} onClick=${() => desk.takeOff(person.id)}>${direct.takeOff}</button>
              <button
                type="button"
                class="button"
                aria-label=${say(direct.makeMainOf, { name })}
                disabled=${desk.cutting.value}
                onClick=${() => desk.cut({ type: 'stage.bring_on', participant: person.id })}
              >
                ${direct.makeMain}
              </button>
            `}
      </div>`}
    </li>
  `;
}

/** The slates that are ready, and one in one's own words. @param {{ desk: Desk }} props */
function Slates({ desk }) {
  const [text, setText] = useState('');
  const own = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim()) void desk.slate(text.trim());
  };
  return html`
    <div class="slates" data-armed=${desk.armed.value === 'slate' ? '' : undefined}>
      <${Drop} icon="still" label=${direct.slate}>
        <p class="quiet">${direct.slateHow}</p>
        ${SLATES.map(
          (name) => html`<button key=${name} type="button" class="button" data-slate=${name} disabled=${desk.cutting.value} onClick=${() => desk.slate(direct.slates[name])}>
            ${direct.slates[name]}
          </button>`,
        )}
        <form class="one-line" onSubmit=${own}>
          <input
            class="field"
            maxlength=${LONGEST}
            aria-label=${direct.slateOwn}
            placeholder=${direct.slateOwn}
            value=${text}
            onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setText(e.currentTarget.value)}
          />
          <button type="submit" class="button" disabled=${!text.trim()}>${direct.slateShow}</button>
        </form>
      <//>
      <kbd aria-hidden="true">S</kbd>
    </div>
  `;
}

/** What else the screens show: a question or a poll in the hall, an announcement to whom it is for. @param {{ desk: Desk }} props */
function AlsoShown({ desk }) {
  const { state } = desk;
  const question = onScreen(state);
  const poll = pollOnScreen(state);
  const declaration = declarationOnScreen(state);
  const { announcement } = state;
  const speaking = state.floor.speaking ?? state.floor.called;
  const lines = [
    question && [direct.shown.question, question.text],
    poll && [direct.shown.poll, poll.text],
    declaration && [direct.shown.declaration, declaration.title],
    announcement && [announcement.place ? direct.shown[announcement.place] : direct.shown.everybody, announcement.text],
    speaking && [state.floor.speaking ? direct.shown.speaking : direct.shown.called, speaking.person.name],
  ].filter((line) => !!line);
  if (!lines.length) return null;
  return html`<dl class="also">
    ${lines.map(([what, text]) => html`<div key=${what}><dt class="quiet">${what}</dt><dd dir="auto">${text}</dd></div>`)}
  </dl>`;
}
