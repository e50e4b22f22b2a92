/** The style page: every token and part in all its states, light and dark side by side. */

/** @import { ComponentChildren } from '../vendor/preact.js' */

import { Chat } from '../shared/ui/chat.js';
import { Segments, Switch } from '../shared/ui/fields.js';
import { Icon, NAMES } from '../shared/ui/icons.js';
import { LanguageChoice } from '../shared/ui/language.js';
import { Confirm, ConnectionLine, IconButton, NameLine, People, PresenceCounts } from '../shared/ui/parts.js';
import { Questions } from '../shared/ui/questions.js';
import { words } from '../shared/words.js';
import '../shared/words/all.js';
import { html, render } from '../vendor/htm-preact.js';
import { useState } from '../vendor/preact-hooks.js';
import { specimen } from './specimen.js';
import { States } from './states.js';

const COLOURS = ['ground', 'raised', 'edge', 'field-edge', 'text', 'quiet', 'accent', 'accent-fill', 'amber', 'amber-edge', 'green', 'live', 'on-air'];
const SIZES = [12, 14, 16, 20, 28, 40, 64];

const full = specimen();
const empty = specimen({ chat: [], questions: [], presence: { online: 0, hall: 0, people: [] } });
const ended = specimen({ session: { id: 'specimen', title: '', status: 'ended', created: 0 } });
const lines = [
  specimen({}, { phase: 'connecting' }),
  specimen({}, { phase: 'reconnecting' }),
  specimen({ chatPaused: true }),
  specimen({}, { phase: 'closed', code: 'token_expired', reason: '' }),
];

/** @param {{ name: string, children?: ComponentChildren }} props */
const Part = ({ name, children }) => html`<section class="specimen"><h3 class="quiet">${name}</h3>${children}</section>`;

/** @param {{ theme: 'desk light' | 'stage', id: string }} props */
function Theme({ theme, id }) {
  const [asking, setAsking] = useState(false);
  const [layout, setLayout] = useState('side');
  const [on, setOn] = useState(true);
  const { player, speak, chat } = words;
  return html`
    <div class="theme ${theme}">
      <h2>${theme === 'stage' ? 'Stage' : 'Desk'}</h2>
      <${Part} name="Colours">
        <ul class="colours">
          ${COLOURS.map((name) => html`<li key=${name}><span class="colour" data-colour=${name}></span>${name}</li>`)}
        </ul>
      <//>
      <${Part} name="Type">
        ${SIZES.map((size) => html`<p key=${size} class="size" data-size=${size}>${size} Aa 永 <span class="clock">12:34</span></p>`)}
      <//>
      <${Part} name="Icons">
        <ul class="icons">${NAMES.map((name) => html`<li key=${name}><${Icon} name=${name} /> ${name}</li>`)}</ul>
      <//>
      <${Part} name="Buttons">
        <div class="row-of">
          <button type="button" class="button primary">${speak.backstage}</button>
          <button type="button" class="button">${chat.send}</button>
          <button type="button" class="button slight">${chat.remove}</button>
          <button type="button" class="button serious" onClick=${() => setAsking(true)}>${speak.leave}</button>
          <button type="button" class="button off">${speak.micOn}</button>
        </div>
        <div class="row-of">
          <button type="button" class="button primary" disabled>${speak.backstage}</button>
          <button type="button" class="button" disabled>${chat.send}</button>
          <${IconButton} icon="sound" label=${player.mute} onClick=${() => undefined} />
          <${IconButton} icon="fullScreen" label=${player.fullScreen} hideLabel onClick=${() => undefined} />
          <kbd>j</kbd>
        </div>
        <button type="button" class="button primary large">${speak.backstage}</button>
        ${asking && html`<${Confirm} text=${speak.leaveAsk.on} yes=${speak.leave} no=${speak.stay} onYes=${() => setAsking(false)} onNo=${() => setAsking(false)} />`}
      <//>
      <${Part} name="Fields">
        <label class="choice"><span class="quiet">${words.entrance.name}</span><input class="field" placeholder="Kim" /></label>
        <label class="choice"><span class="quiet">${speak.camera}</span><select><option>FaceTime HD</option></select></label>
        <label class="choice"><span class="quiet">${speak.microphone}</span><select disabled><option></option></select></label>
        <${Segments} name="layout-${id}" label=${player.layout} value=${layout} choices=${player.layouts} keys=${['side', 'stacked', 'large']} onChange=${setLayout} />
        <${Switch} label=${player.soundOnly} how=${player.soundOnlyHow} on=${on} onChange=${setOn} />
        <${LanguageChoice} />
      <//>
      <${Part} name="Lines">
        ${lines.map((session, i) => html`<${ConnectionLine} key=${i} session=${session} />`)}
        <p class="note">${words.ask.hint}</p>
        <p class="note" data-said>${words.refusals.rate_limited}</p>
        <p class="live">${words.stage.live}</p>
        <div class="level specimen-loud" role="meter" aria-label=${speak.level} aria-valuenow="60"></div>
        <div class="level" data-muted role="meter" aria-label=${speak.level} aria-valuenow="0"></div>
      <//>
      <${Part} name="Tally">
        <p class="tally" data-air="off">${speak.offAir}</p>
        <p class="tally" data-air="standby">${speak.standby}</p>
        <p class="tally" data-air="on">${speak.onAir}</p>
      <//>
      <${Part} name="People">
        <${NameLine} session=${full} />
        <${PresenceCounts} session=${full} />
        <${People} session=${full} />
      <//>
      <${Part} name="Chat">
        <div class="boxed"><${Chat} session=${full} /></div>
        <div class="boxed low"><${Chat} session=${empty} /></div>
        <div class="boxed low"><${Chat} session=${ended} /></div>
      <//>
      <${Part} name="Questions">
        <div class="boxed"><${Questions} session=${full} /></div>
        <div class="boxed low"><${Questions} session=${empty} /></div>
      <//>
      <${States} Part=${Part} />
      <${Part} name="Waiting">
        <div class="skeleton specimen-skeleton"></div>
      <//>
    </div>
  `;
}

render(
  html`<main class="themes"><h1 class="unseen">Style</h1><${Theme} theme="desk light" id="desk" /><${Theme} theme="stage" id="stage" /></main>`,
  /** @type {HTMLElement} */ (document.getElementById('page')),
);
