/** The run of show: one row a speaker, in running order, with the one step that is likely next. */

/** @import { Desk } from './desk.js' */
/** @import { Row } from './run.js' */

import { timeOfDay } from '../shared/time.js';
import { IconButton } from '../shared/ui/parts.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { Allotted } from './clock_view.js';
import { HALL } from './desk.js';
import { isUnseen, likely, mayPick, moved } from './run.js';

const { direct } = words;

/** @param {{ desk: Desk }} props */
export function RunOfShow({ desk }) {
  const { run, others } = desk.run.value;
  return html`
    <section class="run" aria-labelledby="run-title">
      <h2 class="desk-title" id="run-title">${direct.run}</h2>
      <ol class="rows">
        ${run.map((row, i) => html`<${Speaker} key=${row.id} desk=${desk} row=${row} first=${i === 0} last=${i === run.length - 1} />`)}
      </ol>
      ${run.length === 0 && html`<p class="empty">${direct.runNone}</p>`}
      ${others.length > 0 &&
      html`
        <h3 class="desk-title">${direct.others}</h3>
        <ul class="rows">
          ${others.map((row) => html`<${Speaker} key=${row.id} desk=${desk} row=${row} />`)}
        </ul>
      `}
      <button
        type="button"
        class="button slight hall-look"
        aria-pressed=${desk.picked.value === HALL}
        onClick=${() => (desk.picked.value = desk.picked.value === HALL ? null : HALL)}
      >
        ${direct.lookHall}
      </button>
    </section>
  `;
}

/** @param {{ desk: Desk, row: Row, first?: boolean, last?: boolean }} props */
function Speaker({ desk, row, first = true, last = true }) {
  const { cue, name } = row;
  const on = cue?.state === 'on_air';
  const step = likely(row);
  const shown = desk.subject.value?.id === row.id && !on;
  const order = (/** @type {1 | -1} */ by) => {
    const speakers = moved(desk.run.value.run, row.id, by);
    if (speakers) void desk.give({ type: 'cue.order', speakers });
  };
  return html`
    <li
      class="row"
      data-participant=${row.person?.id ?? row.id}
      data-cue=${cue?.state ?? 'none'}
      data-bus=${row.air ? 'programme' : shown ? 'preview' : undefined}
    >
      ${cue &&
      desk.may('cue.order') &&
      !(first && last) &&
      html`<div class="row-order">
        <${IconButton} icon="up" hideLabel label=${say(direct.up, { name })} kind="slight" disabled=${first} onClick=${() => order(-1)} />
        <${IconButton} icon="down" hideLabel label=${say(direct.down, { name })} kind="slight" disabled=${last} onClick=${() => order(1)} />
      </div>`}
      <div class="row-who">
        <p class="row-name">
          <button
            type="button"
            class="pick"
            aria-pressed=${shown}
            disabled=${!mayPick(row)}
            title=${on ? undefined : direct.pick}
            onClick=${() => (desk.picked.value = row.id)}
          >
            ${name}
          </button>
          ${row.chair && html`<span class="mark">${direct.chair}</span>`}
          ${row.next && html`<span class="mark next">${direct.next}</span>`}
        </p>
        <p class="row-state">
          <span class="light" data-light=${row.light}>${lightWord(row)}</span>
          <span class="quiet">${whereabouts(row)}</span>
        </p>
      </div>
      <div class="row-acts">
        <${Stage} row=${row} />
        <div class="row-buttons">
          ${cue && !row.person && desk.may('cue.bind') && html`<${WhoIs} desk=${desk} row=${row} />`}
          ${cue && desk.may('clock.set') && html`<${Allotted} desk=${desk} row=${row} />`}
          ${step &&
          desk.may(step === 'measure' ? 'preflight.start' : `cue.${step}`) &&
          html`<button type="button" class="button" data-step=${step} onClick=${() => desk.step(row, step)}>${direct.steps[step]}</button>`}
        </div>
      </div>
    </li>
  `;
}

/**
 * Who of those here a billed speaker is, where nobody could tell: they came by a link that does not say.
 *
 * @param {{ desk: Desk, row: Row }} props
 */
function WhoIs({ desk, row }) {
  const { others } = desk.run.value;
  if (!others.length) return null;
  return html`
    <select
      class="who-is"
      aria-label=${say(direct.whoIs, { name: row.name })}
      value=""
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => {
        const participant = currentTarget.value;
        currentTarget.value = '';
        if (participant) void desk.give({ type: 'cue.bind', speaker: row.id, participant });
      }}
    >
      <option value="">${direct.whoIsShort}</option>
      ${others.map((other) => html`<option key=${other.id} value=${other.id}>${other.name}</option>`)}
    </select>
  `;
}

/** Where a speaker is on the way, since when, and whether they have answered. @param {{ row: Row }} props */
function Stage({ row }) {
  const { cue, air } = row;
  if (!cue) return html`<p class="cue">${direct.cues.none}</p>`;
  const covered = cue.state === 'on_air' && !air;
  const answered = cue.state === 'standby' && !!cue.acknowledged;
  const ready = answered && !isUnseen(row);
  const word = covered
    ? direct.onStage
    : answered
      ? ready
        ? direct.answered
        : direct.answeredUnseen
      : direct.cues[cue.state];
  const at = cue.steps?.length ? timeOfDay(cue.at) : '';
  return html`<p class="cue" data-cue=${cue.state} data-air=${air ? '' : undefined} data-ready=${ready ? '' : undefined}>
    <span>${word}</span> <time>${at}</time>
  </p>`;
}

/** How the pre-flight went, in a word or two. @param {Row} row */
function lightWord(row) {
  if (row.light === 'none' || row.light === 'running') return direct.light[row.light];
  const [worst] = [...(row.preflight?.findings ?? [])].sort((a, b) => (a.grade === 'red' ? -1 : 0) - (b.grade === 'red' ? -1 : 0));
  return worst && row.light !== 'green' ? findingWord(worst) : direct.light[row.light];
}

/** Say what a pre-flight found, in our words where there are any. @param {{ code: string, text: string }} finding */
export function findingWord({ code, text }) {
  /** @type {Readonly<Record<string, string>>} */
  const known = direct.findings;
  return known[code] ?? text;
}

/** @param {Row} row */
function whereabouts({ person, here, sends }) {
  if (!person) return direct.notHere;
  if (!sends) return here ? '' : direct.away;
  const live = sends.filter((p) => p.live);
  const word = (/** @type {typeof live[number]} */ p) =>
    p.source === 'camera' && !p.video ? direct.soundOnly : direct.sends[p.source];
  if (live.length) return live.map(word).join(', ');
  return sends.length ? direct.stalled : here ? direct.idle : direct.away;
}
