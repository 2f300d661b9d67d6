// Live on a real server: real calls, and the command that the empty page gives.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';
import { publish, sdkClient, startBinary, startGuarded, until } from '../support/binary.mjs';
import { answered, openPage } from '../support/chromium.mjs';
import { thought } from '../support/envelopes.mjs';

const rowsOf = (page) => page.locator('.list-body [role="row"]');
const rowWith = (page, text) => rowsOf(page).filter({ hasText: text });
async function openLive(t, server, hash = '') {
  const tab = await openPage(t, `${server.page}${hash}`);
  await tab.page.locator('[data-state="live"]').waitFor();
  return tab;
}

test('[E61] the command of the empty page publishes what the page then shows', async (t) => {
  const server = await startBinary(t);
  const { page } = await openLive(t, server);
  const command = await page.locator('.empty pre').innerText();
  const { stdout } = await promisify(execFile)('sh', ['-c', command]);
  assert.equal(JSON.parse(stdout).accepted, 1);
  await rowWith(page, 'try it').waitFor();
});

test('[E11][E17][E25] a real call is a row while it runs, its time grows, and its end is written into the same row', async (t) => {
  const server = await startBinary(t, { upstreams: true });
  const client = await sdkClient(t, server);
  const { page } = await openLive(t, server);
  const running = client.callTool({ name: 'everything__trigger-long-running-operation', arguments: { duration: 2, steps: 2 },
    _meta: { 'devs.saop/context': { task_id: 't-9', session_id: 's-9' } } });
  const row = rowWith(page, 'trigger-long-running').first();
  await row.filter({ hasText: 'running' }).waitFor();
  const time = async () => /[\d.]+ (ms|s) ~/.exec(await row.innerText())?.[0];
  const first = await until('a time', time);
  await until('a greater one', async () => { const next = await time(); return next !== undefined && next !== first; });
  await running;
  await row.filter({ hasText: /ok/ }).waitFor();
  await client.callTool({ name: 'files__read_text_file', arguments: { path: 'no/such/file' }, _meta: { 'devs.saop/context': { task_id: 't-9', session_id: 's-9' } } });
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  await rowWith(page, 'read_text_file').filter({ hasText: 'TOOL_ERROR' }).first().waitFor();
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  await page.getByRole('button', { name: 'Traces', exact: true }).click();
  const trace = rowWith(page, 't-9');
  await trace.waitFor();
  await trace.dblclick({ position: { x: 300, y: 8 } });
  await until('its trace', async () => (await page.evaluate(() => location.hash)).startsWith('#/trace/t-9'));
});

test('[E14][E15] another agent begins while one looks elsewhere: toast, badge and title say so', async (t) => {
  const server = await startBinary(t);
  await publish(server, thought('old', { task_id: 't-old' }));
  const { page } = await openLive(t, server);
  await rowWith(page, 'old').waitFor();
  await page.getByRole('link', { name: 'Approvals' }).click();
  await publish(server, thought('new', { task_id: 't-new' }));
  await page.locator('.toast', { hasText: 'New trace t-new' }).waitFor();
  await page.getByRole('link', { name: 'Live (1 new)' }).click();
  await until('the title', async () => (await page.title()) === 'mcp-orchestrator');
  await rowWith(page, 'new').waitFor();
});

test('[E21] a span of time and a quick filter agree with what was called', async (t) => {
  const server = await startBinary(t, { upstreams: true });
  const client = await sdkClient(t, server);
  const { page } = await openLive(t, server);
  await client.callTool({ name: 'everything__echo', arguments: { message: 'x' } });
  await client.callTool({ name: 'files__read_text_file', arguments: { path: 'no/such/file' } });
  await page.getByLabel('Time', { exact: true }).selectOption('last 1h');
  await rowWith(page, 'echo').first().waitFor();
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  await until('errors alone', async () => (await rowsOf(page).count()) === (await rowWith(page, 'read_text_file').count()) && (await rowsOf(page).count()) > 0);
});

test('[E23][E62] with a token given, the command says $TOKEN and never the token', async (t) => {
  const server = await startGuarded(t);
  const tab = await openPage(t, server.page, { expect: [answered(401)] });
  const { page } = tab;
  await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const box = page.getByRole('dialog', { name: 'Token' });
  await box.getByLabel('Bearer token of this server').fill(server.bearer);
  await box.getByRole('button', { name: 'Use it' }).click();
  await page.locator('[data-state="live"]').waitFor();
  await page.getByRole('button', { name: 'curl' }).click();
  await page.getByText('Command copied').waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /-H "Authorization: Bearer \$TOKEN"/);
  assert.ok(!command.includes(server.bearer));
});
