/**
 * What the pages say, in the reader's language. Owns which language that is: the link's (`?lang=zh`), else
 * the one chosen here before, else the browser's. The law: components hold keys, never sentences, and read
 * them while they draw, so that another language is there at once and nothing is loaded anew. What the audience's
 * page says is always here; a page that says more imports `words/all.js`.
 */

/** @import { Catalogue, Plural } from './words/catalogue.js' */

import { computed, signal } from '../vendor/signals.js';
import { filled, isPlural, negotiated } from './words/catalogue.js';
import { spoken as everyone } from './words/spoken.js';

const KEPT = 'rostrum.language';

/** @typedef {Readonly<Record<string, Catalogue>>} Catalogues by tag */

/** As far as they are learnt: what is not said here is asked for nowhere (tests/web/words.test.mjs). */
const all = signal(/** @type {Catalogues} */ (/** @type {unknown} */ (everyone)));

/** Languages by tag, each with its own name for itself. */
export const LANGUAGES = Object.entries(everyone).map(([tag, { self }]) => ({ tag, name: self.name }));

/** Say all of this from now on. @param {Catalogues} catalogues */
export function learn(catalogues) {
  all.value = catalogues;
}

const asked = new URLSearchParams(globalThis.location?.search ?? '').get('lang');
if (asked) globalThis.localStorage?.setItem(KEPT, asked);

/** The BCP 47 tag of the language that is spoken now. */
export const language = signal(
  negotiated(
    [asked, globalThis.localStorage?.getItem(KEPT), ...(globalThis.navigator?.languages ?? [])].filter((tag) => !!tag)
      .map(String),
    Object.keys(everyone),
  ),
);

const spoken = computed(() => /** @type {Catalogue} */ (all.value[language.value] ?? all.value['en']));

/**
 * Speak this language from now on, here and on the pages opened later.
 *
 * @param {string} tag
 */
export function chooseLanguage(tag) {
  localStorage.setItem(KEPT, tag);
  const url = new URL(location.href);
  if (url.searchParams.has('lang')) {
    url.searchParams.set('lang', tag);
    history.replaceState(null, '', url);
  }
  language.value = tag;
}

/** Languages whose full stop “。” brings its own room. */
const UNSPACED = /^(zh|ja)\b/;

/** What stands between two sentences. */
export const between = () => (UNSPACED.test(language.value) ? '' : ' ');

/** Put sentences behind one another. @param {...(string | false | null | undefined)} said those that there are */
export const joined = (...said) => said.filter(Boolean).join(between());

/** Tell the document its language and direction, now and whenever they change. */
language.subscribe(() => {
  const root = globalThis.document?.documentElement;
  if (!root) return;
  root.lang = language.value;
  root.dir = spoken.value.self.direction;
});

/**
 * @param {readonly string[]} path
 * @returns {any} the words under a path; which ones is looked up at each reading
 */
function view(path) {
  /** @type {Record<string, unknown>} */
  const views = {};
  return new Proxy(views, {
    get(_, key) {
      if (typeof key !== 'string') return undefined;
      const at = path.reduce((/** @type {any} */ part, name) => part?.[name], spoken.value);
      // What is asked for before it is learnt is looked up again when it is said.
      const found = at ? at[key] : undefined;
      if ((found === undefined && path.length) || typeof found === 'string' || isPlural(found)) return found;
      return (views[key] ??= view([...path, key]));
    },
  });
}

/** @type {Catalogue} */
export const words = view([]);

/**
 * Say a sentence that has places for values.
 *
 * @param {string | Plural} sentence
 * @param {Readonly<Record<string, string | number>>} values
 */
export const say = (sentence, values) => filled(language.value, sentence, values);

/**
 * List names as the language does.
 *
 * @param {readonly string[]} names
 */
export const listed = (names) => new Intl.ListFormat(language.value).format(names);

/**
 * Tell why something was refused: our words for the server's code. A code without words here is told by
 * the server's own sentence to who reads English, and in general to others.
 *
 * @param {{ code: string, reason: string }} refusal
 */
export function refusal({ code, reason }) {
  /** @type {Readonly<Record<string, string>>} */
  const known = spoken.value.refusals;
  return known[code] ?? (language.value === 'en' && reason ? reason : words.refusals.unknown);
}
