/** The entrance: what this is, and that one needs an invitation. No session is opened here. */

import { html, render } from '../vendor/htm-preact.js';
import { words } from './words.js';

const { entrance } = words;
const page = /** @type {HTMLElement} */ (document.getElementById('page'));
render(
  html`
    <main class="entrance">
      <h1>${entrance.title}</h1>
      <p class="entrance-what">${entrance.what}</p>
      <p class="entrance-need">${entrance.need}</p>
      <p class="entrance-how">${entrance.how}</p>
    </main>
  `,
  page,
);
