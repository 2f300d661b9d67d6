// What a person sees who enlarges the page, spaces its text out, or looks at it in the colours of the
// system: all of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow } from '../../../../tests/e2e/patience.mjs';
import { busyHouse, kViews, visit } from '../support/busy_house.mjs';
import { openPage } from '../support/chromium.mjs';

const limit = { timeout: 240_000 * slow };
/** WCAG 1.4.12, and a page wider than its window scrolls in two directions (1.4.10). */
const kSpacing = '* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important; } p { margin-bottom: 2em !important; }';

/**
 * Texts that are cut where nothing says so and nothing scrolls, and texts that lie on others. An
 * ellipsis says it: the whole text is in a title or the detail.
 */
function lostTexts() {
  const lost = [];
  const seen = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const kOutside = '.wait, .marks, option, canvas, noscript, script, style';
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const own = text.parentElement;
    if (text.data.trim() === '' || own.closest(kOutside) || !own.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      const box = { left, right, top, bottom, words: text.data.trim().slice(0, 40), own, floats: false };
      let cut = '';
      const may = { x: false, y: false };
      let isHeard = false;
      for (let at = own; at; at = at.parentElement) {
        const style = getComputedStyle(at), edge = at.getBoundingClientRect();
        may.x ||= style.textOverflow === 'ellipsis' || /auto|scroll/.test(style.overflowX);
        may.y ||= /auto|scroll/.test(style.overflowY);
        isHeard ||= style.clipPath !== 'none'; // for screen readers alone
        if (/sticky|fixed/.test(style.position)) box.floats = true;
        if (style.overflowX !== 'visible') {
          if (!may.x && (box.right > edge.right + 1 || box.left < edge.left - 1)) cut ||= `sideways by ${at.className || at.tagName}`;
          box.left = Math.max(box.left, edge.left); box.right = Math.min(box.right, edge.right);
        }
        if (style.overflowY !== 'visible') {
          if (!may.y && (box.bottom > edge.bottom + 3 || box.top < edge.top - 3)) cut ||= `in height by ${at.className || at.tagName}`;
          box.top = Math.max(box.top, edge.top); box.bottom = Math.min(box.bottom, edge.bottom);
        }
      }
      if (isHeard) continue;
      if (cut) lost.push(`"${box.words}" is cut ${cut}`);
      if (box.right - box.left > 2 && box.bottom - box.top > 2 && !box.floats) seen.push(box);
    }
  }
  for (const [n, one] of seen.entries()) {
    for (const other of seen.slice(n + 1)) {
      if (one.own.contains(other.own) || other.own.contains(one.own)) continue;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left), high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (wide > 3 && high > 4) lost.push(`"${one.words}" lies on "${other.words}"`);
    }
  }
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) lost.push(`the page is ${over} px wider than its window`);
  return [...new Set(lost)];
}

/** Besides the views as they open: what a click more brings. */
const kOpened = [
  ['live-detail', '#/live?rows=envelopes&f=status%3Aerror', 'read_text_file', (page) => page.locator('.list-body [role="row"]', { hasText: 'No rule' }).click({ position: { x: 8, y: 8 } }), 'the tool\'s own code'],
  ['run-form', '#/run?tool=everything__get-sum', 'First number'],
  ['graph-focus', '#/graph?focus=read_file', 'Leads to'],
  ['tools-numbers', '#/tools', 'read_file', (page) => page.locator('.chart summary').first().click(), 'show'],
];
const kWays = [
  ['as it is', {}, ''], ['at 320 px', { narrow: true }, ''],
  ['at 200 %', { context: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 } }, ''],
  ['with the text spacing of WCAG', {}, kSpacing], ['with that spacing at 320 px', { narrow: true }, kSpacing],
];
for (const [how, options, sheet] of kWays) {
  test(`[E59] ${how} no text of any view is lost, and none lies on another`, limit, async (t) => {
    const server = await busyHouse(t);
    const tab = await openPage(t, server.page, { ...options, axe: false });
    const wrong = [];
    for (const view of [...kViews, ...kOpened]) {
      await visit(tab, server, view);
      const [, , , open, sign] = view;
      await open?.(tab.page);
      if (sign) await tab.page.locator('main').getByText(sign).first().waitFor();
      await tab.page.evaluate((css) => {
        const spaced = new CSSStyleSheet();
        spaced.replaceSync(css);
        document.adoptedStyleSheets = [spaced];
        return new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); });
      }, sheet);
      wrong.push(...(await tab.page.evaluate(lostTexts)).map((one) => `${view[0]}: ${one}`));
      await tab.picture(`${view[0]}-${how.replaceAll(/\W+/g, '-')}`);
    }
    assert.deepEqual(wrong, []);
  });
}

test('[E57] in the colours of the system a pressed button, the view one is in, bars and drawings still differ', limit, async (t) => {
  const server = await busyHouse(t);
  for (const theme of ['light', 'dark']) {
    const tab = await openPage(t, server.page, { theme, forcedColors: true, axe: false });
    const { page } = tab;
    const colour = (locator, name) => locator.first().evaluate((one, property) => getComputedStyle(one)[property], name);
    await visit(tab, server, kViews.find(([name]) => name === 'tree'));
    const [pressed, other] = [page.locator('.tabs [aria-pressed="true"]'), page.locator('.tabs [aria-pressed="false"]')];
    assert.notEqual(await colour(pressed, 'backgroundColor'), await colour(other, 'backgroundColor'));
    const ground = await colour(page.locator('body'), 'backgroundColor');
    assert.notEqual(await colour(page.locator('.when i[data-state="error"]'), 'backgroundColor'), ground);
    for (const name of ['waterfall', 'graph']) {
      await visit(tab, server, kViews.find(([view]) => view === name));
      // A picture of one colour is none.
      await page.waitForFunction(() => [...document.querySelectorAll('main canvas')].some((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size > 8;
      }));
      await tab.picture(`${name}-forced-${theme}`);
    }
    await visit(tab, server, kViews.find(([name]) => name === 'live-traces'));
    assert.notEqual(await colour(page.locator('nav [aria-current]'), 'backgroundColor'), await colour(page.locator('nav a:not([aria-current])'), 'backgroundColor'));
  }
});
