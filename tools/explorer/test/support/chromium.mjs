// Pages in headless Chromium, as Debian packages it.
//
//   const tab = await openPage(t, server.url, { theme: 'dark' });
//   await tab.page.getByRole('row')...           tab.page is Playwright's
//   await tab.axe();                             nothing against WCAG 2.2 AA
//   const other = await tab.another(url);        a second tab of the same browser
//
// Whatever a page says that it should not (console errors, exceptions, policy reports, failed
// requests) fails its test at the end, except what matches `expect`, a list of expressions.
// One context is one browser to its pages: locks, channels and storage are shared inside it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { later, slow } from '../../../../tests/e2e/patience.mjs';

const kPrograms = [process.env.CHROMIUM_PATH, '/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'];
const kResolver = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost';
const kAxe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What Chromium says of a line that broke or could not be made. */
export const kLineLost = /net::ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_(RESET|REFUSED|CLOSED|ABORTED)|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|INTERNET_DISCONNECTED|NETWORK_CHANGED)/;
/** What it says of an answer with that status. */
export const answered = (status) => new RegExp(`responded with a status of ${status}\\b`);

let running;
async function launch() {
  const executablePath = kPrograms.find((one) => one && fs.existsSync(one));
  assert.ok(executablePath, 'no Chromium: tools/setup.sh installs chromium-headless-shell');
  const server = await chromium.launchServer({ executablePath, headless: true, chromiumSandbox: false, args: [kResolver] });
  const { pid } = server.process();
  // A test file that ends in whatever way leaves no process behind.
  process.on('exit', () => { try { process.kill(-pid, 'SIGKILL'); } catch { /* gone */ } });
  return { server, browser: await chromium.connect(server.wsEndpoint()), users: 0 };
}
async function leave() {
  running.users -= 1;
  if (running.users > 0) return;
  const { server } = running;
  running = undefined;
  await server.kill();
}

/**
 * theme: 'light' or 'dark'; reducedMotion, forcedColors; narrow: 320 px wide; axe: false leaves
 * axe-core out; context: more options of Playwright's newContext; before: a function run in
 * each page before its own script.
 */
export async function openPage(t, url, { theme = 'light', reducedMotion = false, forcedColors = false, narrow = false,
  axe = true, context: more = {}, before, expect = [] } = {}) {
  running ??= await launch();
  running.users += 1;
  const problems = [];
  let context;
  later(t, async () => {
    await context?.close();
    await leave();
    const wrong = problems.filter((one) => !expect.some((allowed) => allowed.test(one)));
    assert.deepEqual(wrong, [], 'what the page said that it should not');
  });
  context = await running.browser.newContext({
    locale: 'en-US', timezoneId: 'UTC', deviceScaleFactor: 1, serviceWorkers: 'block', colorScheme: theme,
    viewport: narrow ? { width: 320, height: 640 } : { width: 1280, height: 800 },
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference', forcedColors: forcedColors ? 'active' : 'none', ...more,
  });
  context.setDefaultTimeout(30_000 * slow);
  await context.exposeBinding('devsReport', (_, report) => { problems.push(`policy: ${report}`); });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      globalThis.devsReport(`${effectiveDirective} ${blockedURI} ${sample}`);
    });
  });
  if (axe) await context.addInitScript({ path: kAxe }); // addScriptTag is refused by the policy
  if (before) await context.addInitScript(before);
  return openTab(context, url, problems);
}

async function openTab(context, url, problems) {
  const page = await context.newPage();
  const requests = [];
  page.on('console', (said) => { if (said.type() === 'error') problems.push(`console: ${said.text()} ${said.location().url}`); });
  page.on('pageerror', (error) => problems.push(`exception: ${error.stack ?? error}`));
  page.on('crash', () => problems.push('the page crashed'));
  page.on('request', (request) => requests.push({ method: request.method(), url: request.url() }));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (why !== 'net::ERR_ABORTED') problems.push(`request: ${request.method()} ${request.url()} ${why}`); // its own doing
  });
  if (url) await page.goto(url);
  return {
    page, context, problems, requests,
    another: (address = url) => openTab(context, address, problems),
    /** What axe-core finds, as text; nothing is expected of the parts `except` (selectors). */
    async axe({ except = [] } = {}) {
      const found = await page.evaluate(async (exclude) => {
        const { violations } = await globalThis.axe.run({ exclude: exclude.map((one) => [one]) }, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        });
        return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`);
      }, except);
      assert.deepEqual(found, [], `axe-core on ${page.url()}`);
    },
    /** A picture for people, in DEVS_SCREENSHOTS if that is set; answers the file, or ''. */
    async picture(name) {
      const folder = process.env.DEVS_SCREENSHOTS;
      if (!folder) return '';
      fs.mkdirSync(folder, { recursive: true });
      const file = path.join(folder, `${name}.png`);
      await page.screenshot({ path: file });
      return file;
    },
  };
}
