/**
 * The shape of a catalogue. A catalogue is data: sentences by key, with `{placeholders}`, and sentences
 * that hang on a number in the forms that Intl.PluralRules names for its language. The English one is the
 * shape that all others have (tests/web/words.test.mjs); pure, and knows no page.
 */

/**
 * @typedef {object} Plural forms of one sentence by plural category; `{n}` is the number
 * @property {string} other
 * @property {string} [zero]
 * @property {string} [one]
 * @property {string} [two]
 * @property {string} [few]
 * @property {string} [many]
 *
 * @typedef {typeof import('./en.js').en} Catalogue
 */

/** Mark a sentence that hangs on a number. @param {Plural} forms @returns {Plural} */
export const plural = (forms) => forms;

/**
 * Say whether a value is a sentence that hangs on a number.
 *
 * @param {unknown} value
 * @returns {value is Plural}
 */
export const isPlural = (value) =>
  typeof value === 'object' && value !== null && typeof (/** @type {Plural} */ (value).other) === 'string';

/** Languages that write numbers below a thousand as programs do: to ask Intl for the first time costs a phone 0.1 s. */
const PLAIN = new Set(['en', 'zh']);

/** @type {Map<string, { number: Intl.NumberFormat, plural: Intl.PluralRules }>} */
const rules = new Map();

/** @param {string} language */
function rulesOf(language) {
  const known = rules.get(language) ?? { number: new Intl.NumberFormat(language), plural: new Intl.PluralRules(language) };
  rules.set(language, known);
  return known;
}

/** @param {string} language @param {number} value */
const written = (language, value) =>
  PLAIN.has(language) && Number.isInteger(value) && value >= 0 && value < 1000 ? String(value) : rulesOf(language).number.format(value);

/** @param {string} language @param {Plural} forms @param {number} n */
const formFor = (language, forms, n) =>
  Object.keys(forms).length === 1 ? forms.other : (forms[rulesOf(language).plural.select(n)] ?? forms.other);

/**
 * Put values into a sentence; numbers are written as the language writes them.
 *
 * @param {string} language a BCP 47 tag
 * @param {string | Plural} sentence
 * @param {Readonly<Record<string, string | number>>} values `n` chooses the form of a plural
 */
export function filled(language, sentence, values) {
  const text = typeof sentence === 'string' ? sentence : formFor(language, sentence, Number(values['n']));
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? written(language, value) : value;
  });
}

/**
 * Choose the first language wanted that there is: by its whole tag, else by its first part.
 *
 * @param {readonly string[]} wanted BCP 47 tags, the dearest first
 * @param {readonly string[]} there
 * @returns {string} the first of those there are, if none is wanted
 */
export function negotiated(wanted, there) {
  for (const tag of wanted) {
    const whole = tag.toLowerCase();
    const found = there.find((t) => t.toLowerCase() === whole) ?? there.find((t) => t === whole.split('-')[0]);
    if (found) return found;
  }
  return there[0] ?? 'en';
}
