/**
 * The links in a text. The law: only http and https, as they stand in the text; whoever shows them makes
 * anchors of the parts, and nothing of the text ever becomes markup. Pure.
 */

/** An address, up to white space, a quote, an angle bracket, or a sign of Chinese and Japanese text. */
const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/gi;

/** What ends a sentence rather than an address. */
const TRAILING = /[.,:;!?…]+$/;

/**
 * Take a text apart: joined, the parts are the text again; those with `href` are links.
 *
 * @param {string} text
 * @returns {ReadonlyArray<{ text: string, href?: string }>}
 */
export function parts(text) {
  /** @type {{ text: string, href?: string }[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = addressOf(address);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/**
 * Return an address without what belongs to the sentence around it: `(see https://a.example/b).`
 *
 * @param {string} address
 * @returns {string}
 */
function trimmed(address) {
  const bare = address.replace(TRAILING, '');
  const opened = bare.split('(').length;
  return bare.endsWith(')') && bare.split(')').length > opened ? trimmed(bare.slice(0, -1)) : bare;
}

/**
 * @param {string} address
 * @returns {string | null}
 */
function addressOf(address) {
  try {
    const url = new URL(address);
    // Who writes a name before the host wants it to be taken for another.
    return /^https?:$/.test(url.protocol) && url.hostname && !url.username ? url.href : null;
  } catch {
    return null;
  }
}
