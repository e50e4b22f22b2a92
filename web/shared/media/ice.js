/**
 * The texts of ICE over HTTP: what is sent of our new offer to restart it by PATCH (RFC 9725, section 4.3.3), what
 * the far end's answer makes of its old one, and the servers that its Link headers name (section 4.6). Pure: nothing
 * is sent, set or contacted here.
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

/**
 * Read `Link: <turn:…>; rel="ice-server"; username="…"; credential="…"`, any number in one header.
 *
 * @param {string | null} header
 * @returns {RTCIceServer[]} in the header's order; links of other relations are passed over
 */
export function parseIceServers(header) {
  /** @type {RTCIceServer[]} */
  const servers = [];
  // A link ends at the next comma that is followed by "<": credentials and addresses hold commas too.
  for (const link of (header ?? '').split(/,\s*(?=<)/)) {
    const address = /^\s*<([^>]+)>/.exec(link)?.[1];
    if (!address || parameter(link, 'rel') !== 'ice-server') continue;
    const [username, credential] = [parameter(link, 'username'), parameter(link, 'credential')];
    servers.push({ urls: address, ...(username && credential ? { username, credential } : {}) });
  }
  return servers;
}

/**
 * @param {string} link
 * @param {string} name
 * @returns {string | undefined}
 */
function parameter(link, name) {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(link);
  return found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2];
}
