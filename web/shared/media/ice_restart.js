/**
 * The texts of an ICE restart by PATCH (RFC 9725, section 4.3.3): what is sent of our new offer, and what
 * the far end's answer makes of its old one. Pure: nothing is sent or set here.
 */

/** What an ICE restart changes of a description, and nothing else (RFC 8840, section 9). */
const ICE_LINE = /^a=(?:ice-ufrag|ice-pwd|candidate|end-of-candidates)\b/;

/**
 * Write our end as a trickle-ice-sdpfrag: credentials, the first line's name, candidates so far.
 *
 * @param {string} sdp an offer whose lines are bundled
 */
export function fragmentOf(sdp) {
  const [, first = ''] = sdp.split(/^(?=m=)/m);
  const lines = first.split(/\r?\n/);
  const only = (/** @type {RegExp} */ wanted) => lines.filter((line) => wanted.test(line));
  const credentials = only(/^a=ice-(?:ufrag|pwd):/);
  return [...credentials, ...only(/^m=/), ...only(/^a=(?:mid:|candidate:)/), ''].join('\r\n');
}

/**
 * Put a fragment's credentials and candidates in the place of those of an answer, in every section that
 * has some.
 *
 * @param {string} sdp the answer in force
 * @param {string} fragment what the far end has sent
 * @returns {string | null} null: the fragment is not one of an ICE restart
 */
export function restarted(sdp, fragment) {
  const ice = fragment.split(/\r?\n/).filter((line) => ICE_LINE.test(line));
  if (!ice.some((line) => line.startsWith('a=ice-ufrag:')) || !ice.some((line) => line.startsWith('a=ice-pwd:')))
    return null;
  const sections = sdp.split(/^(?=m=)/m).map((section) => {
    const lines = section.split(/\r?\n/).filter((line) => line);
    if (!lines.some((line) => ICE_LINE.test(line))) return lines;
    return [...lines.filter((line) => !ICE_LINE.test(line)), ...ice];
  });
  return `${sections.flat().join('\r\n')}\r\n`;
}
