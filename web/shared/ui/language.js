/** The choice of a language: each by its own name for itself, so that who cannot read this page finds it. */

import { html } from '../../vendor/htm-preact.js';
import { LANGUAGES, chooseLanguage, language, words } from '../words.js';

export const LanguageChoice = () => html`
  <label class="language">
    <span class="unseen">${words.language}</span>
    <select
      value=${language.value}
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => chooseLanguage(e.currentTarget.value)}
    >
      ${LANGUAGES.map(({ tag, name }) => html`<option key=${tag} value=${tag} lang=${tag}>${name}</option>`)}
    </select>
  </label>
`;
