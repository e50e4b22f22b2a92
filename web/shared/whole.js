/**
 * Whether a page has come whole. A browser remembers of a module that was lost on the way (the network changed,
 * the server was just starting anew) that it failed: for this document it is lost for good. So the document is
 * loaded once more, by itself, as soon as the server answers. The law: never under somebody's hands, and never
 * in step with everybody else. No module, and alone: it has to work where those do not come. A document names it
 * twice, because it can be lost too; who has it from the second only does not know what else was.
 */
(() => {
  const FIRST_MS = 300;
  const GROWTH = 1.5;
  const LONGEST_MS = 10_000;
  const REQUEST_MS = 5000;

  /** Nothing has come for so long: the line is dead, and nobody has said so. */
  const STALLED_MS = 15_000;

  /** How often in a row this page was not whole. */
  const TRIES = 'rostrum.tries';

  /** The only sentences outside a catalogue: those may be what is missing. @type {Readonly<Record<string, string>>} */
  const SAID = {
    en: 'This page has not come whole. It is tried again by itself.',
    zh: '页面没有完整加载，正在自动重试。',
  };

  const { dataset } = document.documentElement;
  if (dataset['page']) return;
  dataset['page'] = 'coming';
  let lost = document.currentScript?.hasAttribute('async') ?? false;
  let moved = performance.now();

  addEventListener(
    'error',
    ({ target }) => {
      if (target instanceof HTMLScriptElement) lost ||= target.type === 'module';
      else if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') void restyle(target);
    },
    true,
  );
  new PerformanceObserver(() => (moved = performance.now())).observe({ type: 'resource', buffered: true });
  const look = setInterval(() => !drawn() && performance.now() - moved > STALLED_MS && void again(), 1000);
  addEventListener('load', () => (lost ? void again() : whole()));

  function whole() {
    clearInterval(look);
    sessionStorage.removeItem(TRIES);
    dataset['page'] = 'whole';
  }

  /** Load the document once more, unless what was missing comes after all. */
  async function again() {
    clearInterval(look);
    if (dataset['page'] !== 'coming') return;
    dataset['page'] = 'again';
    tell();
    const tries = Number(sessionStorage.getItem(TRIES));
    sessionStorage.setItem(TRIES, String(tries + 1));
    for (let failures = tries; ; failures++) {
      await pause(failures);
      if (document.readyState === 'complete' && !lost) return whole();
      if (!beingWritten() && (await answers())) return location.reload();
    }
  }

  /** Ask for a style once more, as soon as the server answers. @param {HTMLLinkElement} link */
  async function restyle(link) {
    let failures = Number(link.dataset['failures'] ?? 0);
    do await pause(failures++);
    while (!(await answers()));
    const next = /** @type {HTMLLinkElement} */ (link.cloneNode());
    next.dataset['failures'] = String(failures);
    link.replaceWith(next);
  }

  /** Say it where nothing else is said yet. */
  function tell() {
    if (drawn()) return;
    const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('rostrum.language');
    const tag = [asked, ...navigator.languages].map((one) => (one ?? '').slice(0, 2)).find((one) => SAID[one]) ?? 'en';
    const slate = document.createElement('main');
    slate.className = 'slate alone';
    slate.lang = tag;
    slate.dir = 'auto';
    slate.ariaLive = 'polite';
    const line = document.createElement('h1');
    line.textContent = SAID[tag] ?? '';
    slate.append(line);
    document.getElementById('page')?.append(slate);
  }

  const drawn = () => !!document.getElementById('page')?.childElementCount;

  /** Whether text stands in a field, which a reload would lose. */
  const beingWritten = () => [...document.querySelectorAll('textarea')].some(({ value }) => value !== '');

  /** @returns {Promise<boolean>} whether the server gives files out */
  const answers = () =>
    fetch('/shared/whole.js', { cache: 'no-store', signal: AbortSignal.timeout(REQUEST_MS) }).then(
      ({ ok }) => ok,
      () => false,
    );

  /** Wait as `backoff.js` does, which may be what is missing. @param {number} failures */
  const pause = (failures) =>
    new Promise((done) => setTimeout(done, Math.random() * Math.min(LONGEST_MS, FIRST_MS * GROWTH ** failures)));
})();
