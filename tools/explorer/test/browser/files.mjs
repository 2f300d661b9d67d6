// Files out and in: what the page exports of a real log, and logs opened in it, with and without a server.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkOtlp, checkTraceEvents } from '../../../../tests/e2e/export_rules.mjs';
import { binary, run } from '../../../../tests/e2e/support.mjs';
import { publish, scratch, startBinary, until } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { page as built } from '../support/page.mjs';
import { frame, ScriptedServer } from '../support/scripted_server.mjs';

const analyser = path.join(path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json')), 'dist/release/index.html');
const golden = fs.readFileSync(path.join(import.meta.dirname, '../golden/log.ndjson'), 'utf8');
const kLabels = { ndjson: 'NDJSON', json: 'JSON', otlp: 'OTLP/JSON', chrome: 'Chrome trace', har: 'HAR-like', csv: 'CSV' };

let saved = 0;
async function bytesOf(t, download) {
  const file = path.join(scratch(t), `saved-${++saved}`);
  await download.saveAs(file);
  return fs.readFileSync(file);
}
/** The text of a saved export. */
async function exportAs(t, tab, format, scope) {
  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  const box = tab.page.getByRole('dialog', { name: 'Files' });
  if (scope) await box.getByLabel(scope).check();
  await box.getByLabel('Format').selectOption({ label: kLabels[format] });
  const [download] = await Promise.all([tab.page.waitForEvent('download'), box.getByRole('button', { name: 'Save file' }).click()]);
  await box.getByText(/^\d+ entr(y|ies), /).waitFor();
  const said = await box.getByRole('status').innerText();
  await box.getByRole('button', { name: 'Close', exact: true }).click();
  return { text: (await bytesOf(t, download)).toString(), name: download.suggestedFilename(), said };
}
/** Publishes the golden log, byte for byte. */
async function publishGolden(server) {
  const answer = await fetch(`${server.url}/trace/publish`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: golden });
  assert.equal((await answer.json()).accepted, 16);
}
const rowsShown = (tab, n) => until(`${n} rows`, async () => (await tab.page.locator('footer').innerText()).replace(/\s/g, ' ').startsWith(`${n} row`));
/** As a person drops a file on the page. */
async function drop(tab, bytes, name) {
  const data = await tab.page.evaluateHandle(([text, called]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], called));
    return transfer;
  }, [Buffer.from(bytes).toString('base64'), name]);
  for (const type of ['dragover', 'drop']) await tab.page.dispatchEvent('main', type, { dataTransfer: data });
}
// A log of a real server: what its own export says is what ours says.
const withoutOwn = (value) => {
  if (Array.isArray(value)) return value.filter((one) => one?.key !== 'service.version' && one?.cat !== 'flow').map(withoutOwn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !['exported_at', 'version'].includes(name)).map(([name, one]) => [name, withoutOwn(one)]));
};

test('[E49] every format of a real log says what the export of the server says', async (t) => {
  const folder = scratch(t);
  const server = await startBinary(t, { dir: folder });
  await publishGolden(server);
  await publish(server, [thought('look'), ...call('c-100', 'read_file', { path: 'a' })]);
  const tab = await openPage(t, server.page);
  await rowsShown(tab, 19);
  const theirs = async (format) => {
    const out = path.join(folder, `theirs.${format}`);
    const done = await run(binary, ['trace', 'export', '--dir', server.dir, '--format', format, ...(['otlp', 'chrome'].includes(format) ? ['--content'] : []), '--out', out]);
    assert.equal(done.code, 0, done.err);
    return fs.readFileSync(out, 'utf8');
  };
  const ndjson = await exportAs(t, tab, 'ndjson');
  assert.equal(ndjson.text, await theirs('ndjson'));
  assert.match(ndjson.name, /^trace-all-.*\.ndjson$/);
  for (const format of ['json', 'otlp', 'chrome']) {
    const ours = JSON.parse((await exportAs(t, tab, format)).text);
    assert.deepEqual(withoutOwn(ours), withoutOwn(JSON.parse(await theirs(format))), format);
    if (format === 'chrome') checkTraceEvents(ours);
  }
  assert.equal(JSON.parse((await exportAs(t, tab, 'har')).text).log.entries.length, 6);
  const csv = (await exportAs(t, tab, 'csv')).text;
  assert.match(csv, /"'=HYPERLINK/);
});

test('[E49] a filter, a trace, the clipboard, and what was left out', async (t) => {
  const server = await startBinary(t);
  await publishGolden(server);
  const tab = await openPage(t, `${server.page}#/live?f=tool%3Amake`, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  await rowsShown(tab, 16);
  const some = await exportAs(t, tab, 'ndjson', /What the filter shows/);
  assert.equal(some.text, golden.split('\n').filter((line) => line.includes('"make"')).map((line) => `${line}\n`).join(''));
  const { said, text } = await exportAs(t, tab, 'otlp', 'Everything in memory');
  assert.match(said, /Not in it: 1 call without an end, 2 entries that are no call and no thought/);
  // Its parents may be left out by who made the log; all else is as receivers want it.
  const spans = JSON.parse(text);
  spans.resourceSpans[0].scopeSpans[0].spans = spans.resourceSpans[0].scopeSpans[0].spans.map(({ parentSpanId, ...one }) => one);
  checkOtlp(spans);

  await tab.page.goto(`${server.page}#/trace/t-43`);
  const one = await exportAs(t, tab, 'ndjson', 'Trace t-43');
  assert.equal(one.text, golden.split('\n').filter((line) => line.includes('"task_id":"t-43"')).map((line) => `${line}\n`).join(''));

  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click();
  assert.equal(await until('the copy', () => tab.page.evaluate(() => navigator.clipboard.readText())), one.text);
  await tab.axe();
  await tab.picture('files-light');
});

test('[E49] the Chrome file opens in a trace analyser: speedscope finds the lanes, the calls and how long they took', async (t) => {
  const server = await startBinary(t);
  await publishGolden(server);
  const tab = await openPage(t, server.page);
  await rowsShown(tab, 16);
  const file = path.join(scratch(t), 'log.trace.json');
  fs.writeFileSync(file, (await exportAs(t, tab, 'chrome')).text);
  const { page, picture } = await openPage(t, `file://${analyser}`, { axe: false });
  await page.setInputFiles('input[type=file]', file);
  await page.getByText(/^task t-42 \(pid \d+\), dev-1 \(tid \d+\) \(1\/4\)$/).waitFor();
  await page.getByText('Sandwich').click();
  const calls = await until('the calls', async () => {
    const rows = await page.locator('tr').allInnerTexts();
    return rows.length > 1 && rows.map((row) => row.replace(/\s+/g, ' '));
  });
  assert.equal(calls.filter((row) => / 800\.00ms .* make \{/.test(` ${row}`)).length, 1, calls.join('\n'));
  assert.equal(calls.filter((row) => / 11\.50ms .* read_file \{.*src\/a\.cc/.test(` ${row}`)).length, 1, calls.join('\n'));
  assert.equal(calls.filter((row) => / never_ends \{.*"unfinished":true/.test(row)).length, 1, calls.join('\n'));
  await picture('files-analyser');
});

test('[E50] a dropped log is a store of its own; out again it is the same bytes', async (t) => {
  const server = await startBinary(t);
  await publish(server, thought('live'));
  const tab = await openPage(t, server.page);
  await rowsShown(tab, 1);
  await drop(tab, golden, 'trace.log');
  await tab.page.getByText('trace.log: 16 entries').waitFor();
  await tab.page.getByText('read the file first').first().waitFor();
  await publish(server, thought('another live one'));
  assert.equal((await exportAs(t, tab, 'ndjson')).text, golden);
  const json = (await exportAs(t, tab, 'json')).text;
  assert.deepEqual(JSON.parse(json).entries.map(({ envelope }) => envelope), golden.trimEnd().split('\n').map((line) => JSON.parse(line)));

  // Ours, gzipped, and picked instead of dropped.
  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  await tab.page.getByLabel('Pick a file').setInputFiles({ name: 'x.gz', mimeType: 'application/gzip', buffer: gzipSync(json) });
  await tab.page.getByText('x.gz: 16 entries').waitFor();
  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Back to live' }).click();
  await tab.page.getByText('another live one').first().waitFor();
});

test('[E50] [E51] zstd is refused with the command; bad lines by number; a torn last line is a note', async (t) => {
  const server = await startBinary(t);
  const tab = await openPage(t, server.page);
  await drop(tab, [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3], 'segments.zst');
  await tab.page.getByText('zstdcat segments/*.zst > log.ndjson').waitFor();
  await drop(tab, `${golden}no json\n{"type":"thou`, 'torn.log');
  await tab.page.getByText('torn.log: 16 entries; 1 line could not be read: 17; the last line (18) is torn').waitFor();
});

test('[E50] a pasted log is opened; pasting into a field is not', async (t) => {
  const server = await startBinary(t);
  const tab = await openPage(t, server.page);
  await tab.page.locator('main').waitFor();
  const paste = (selector) => tab.page.evaluate(([to, text]) => {
    const data = new DataTransfer();
    data.setData('text', text);
    document.querySelector(to).dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
  }, [selector, golden]);
  await paste('input');
  await paste('main');
  await tab.page.getByText('the pasted log: 16 entries').waitFor();
  assert.equal(await tab.page.locator('.toast').getByText('the pasted log').count(), 1);
});

test('[E50] a page saved whole opens logs from disk, without a server', async (t) => {
  const folder = scratch(t), file = path.join(folder, 'explorer.html');
  const server = await startBinary(t);
  const first = await openPage(t, server.page);
  await first.page.getByRole('button', { name: 'Files', exact: true }).click();
  const [download] = await Promise.all([first.page.waitForEvent('download'), first.page.getByRole('button', { name: 'Save this page' }).click()]);
  fs.writeFileSync(file, await bytesOf(t, download));
  assert.ok(fs.statSync(file).size > (await built()).html.length);

  const tab = await openPage(t, `file://${file}`, { expect: [/file:/, /connect-src/] });
  await drop(tab, golden, 'trace.log');
  await tab.page.getByText('trace.log: 16 entries').waitFor();
  await tab.page.goto(`file://${file}#/trace/t-42`);
  await tab.page.getByText('read the file first').first().waitFor();
  assert.equal((await exportAs(t, tab, 'ndjson', 'Everything in memory')).text, golden);
});

test('[E49] an export that is being written can be cancelled: no file comes', async (t) => {
  const server = await startBinary(t);
  await publishGolden(server);
  const tab = await openPage(t, server.page);
  await rowsShown(tab, 16);
  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  const box = tab.page.getByRole('dialog', { name: 'Files' });
  await box.getByRole('button', { name: 'Save file' }).waitFor();
  const downloads = [];
  tab.page.on('download', (one) => downloads.push(one));
  // The worker answers nothing until it is let go.
  const [worker] = tab.page.workers();
  await worker.evaluate(() => {
    const held = [], hear = self.onmessage;
    self.onmessage = (event) => { held.push(event); };
    self.letGo = () => { self.onmessage = hear; for (const event of held) hear(event); };
  });
  await box.getByRole('button', { name: 'Save file' }).click();
  await box.getByText('Writing…').waitFor();
  await box.getByRole('button', { name: 'Cancel' }).click();
  await worker.evaluate(() => self.letGo());
  await box.getByText('Cancelled.').waitFor();
  assert.deepEqual(downloads, []);
});

test('[E49] a gap is said in the file and beside it', async (t) => {
  const server = await ScriptedServer.start(t);
  server.log.add(thought('before'));
  const tab = await openPage(t, server.url);
  await rowsShown(tab, 1);
  const gap = { from: server.log.id(2), to: server.log.id(8), count: 7, reason: 'expired' };
  server.say(frame(gap, { event: 'gap' }));
  await tab.page.getByText(/7 entries/).first().waitFor();
  server.log.add(thought('after'));
  await tab.page.getByText('after').first().waitFor();
  const { text, said } = await exportAs(t, tab, 'json');
  assert.deepEqual(JSON.parse(text).gaps, [gap]);
  assert.match(said, /^2 entries, .* Not in it: 1 gap \(7 entries\)\.$/);
  const slices = JSON.parse((await exportAs(t, tab, 'chrome')).text).traceEvents;
  assert.deepEqual(slices.filter(({ cat }) => cat === 'gap').map(({ name }) => name), ['gap: 7 entries']);
  assert.equal((await exportAs(t, tab, 'ndjson')).text.split('\n').length, 3);
});
