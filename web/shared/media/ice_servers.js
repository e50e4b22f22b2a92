/** ICE servers from Link headers (RFC 9725, section 4.6): pure parsing, nothing is contacted here. */

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
