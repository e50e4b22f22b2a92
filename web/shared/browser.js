/** Which browser this is, as far as what to do in it differs. Pure. */

/**
 * Name the browser, as far as its way to a permission differs.
 *
 * @param {string} agent `navigator.userAgent`
 * @returns {'chromium' | 'firefox' | 'safari' | 'ios' | 'android'}
 */
export function browserOf(agent) {
  if (/iPhone|iPad|iPod/.test(agent)) return 'ios';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Android/.test(agent)) return 'android';
  if (/Chrome\//.test(agent)) return 'chromium';
  return /Safari\//.test(agent) ? 'safari' : 'chromium';
}
