/**
 * Drives one Firefox over WebDriver BiDi for tests in another language: one JSON command a line on
 * stdin, one JSON answer a line on stdout. `{ id, do, page?, ... }` → `{ id, value }` or `{ id, error }`.
 */

import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: process.argv[2],
  headless: true,
  defaultViewport: { width: 1280, height: 800 },
  extraPrefsFirefox: {
    'media.autoplay.default': 0,
    'media.autoplay.blocking_policy': 0,
    'media.navigator.permission.disabled': true,
    'media.navigator.streams.fake': true,
    // Fetched on a first start, for video calls with H264: never here.
    'media.gmp-manager.updateEnabled': false,
    'media.gmp-provider.enabled': false,
    'app.normandy.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  },
});

const pages = [];
const errors = [];

const commands = {
  async open({ url, scripts, viewport }) {
    // A window each: what is in a tab behind another draws nothing.
    const page = await browser.newPage({ type: 'window' });
    if (viewport) await page.setViewport(viewport);
    page.on('pageerror', (error) => {
      // Firefox reports a lost line as an error of the page, which lives with it.
      if (!/connection to .*wss?:/.test(String(error))) errors.push(String(error));
    });
    for (const script of scripts) await page.evaluateOnNewDocument(script);
    await page.goto(url);
    return pages.push(page) - 1;
  },
  evaluate: ({ page, expression }) => pages[page].evaluate(expression),
  click: async ({ page, selector }) => {
    // A microphone is given only to a window in front; and what is clicked has to stand still.
    await pages[page].bringToFront();
    await pages[page].locator(selector).setTimeout(15000).click();
  },
  type: ({ page, selector, text }) => pages[page].type(selector, text),
  go: async ({ page, url }) => void (await pages[page].goto(url)),
  reload: async ({ page }) => void (await pages[page].reload()),
  screenshot: async ({ page, path }) => void (await pages[page].screenshot({ path })),
  close: async ({ page }) => void (await pages[page].close()),
  errors: () => errors,
};

process.stdout.write(`${JSON.stringify({ id: 0, value: await browser.version() })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, do: name, ...parameters } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: (await commands[name](parameters)) ?? null };
  } catch (error) {
    answer = { id, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
