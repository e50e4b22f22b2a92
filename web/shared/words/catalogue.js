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

/**
 * Put values into a sentence; numbers are written as the language writes them.
 *
 * @param {string} language a BCP 47 tag
 * @param {string | Plural} sentence
 * @param {Readonly<Record<string, string | number>>} values `n` chooses the form of a plural
 */
export function filled(language, sentence, values) {
  const text =
    typeof sentence === 'string'
      ? sentence
      : (sentence[new Intl.PluralRules(language).select(Number(values['n']))] ?? sentence.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? value.toLocaleString(language) : value;
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
