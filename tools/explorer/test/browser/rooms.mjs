// Tools, Graph, Health and Run a tool, on a real server with real calls.

import assert from 'node:assert/strict';
import test from 'node:test';
import { publish, startBinary, startGuarded, until } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';

const config = { builtin: { tools: 'all' } };
let asked = 0;

/** A call as a host makes it. */
async function callTool(server, name, args, context = {}) {
  const answer = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call', 'Mcp-Name': name, ...server.headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++asked, method: 'tools/call', params: { name, arguments: args, _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'devs.saop/context': context } } }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}
/** The tools one after another, as one task that ends; so the graph learns their edges. */
async function work(server, task, names) {
  const given = { echo: { text: 'x' }, sleep: { ms: 3 }, list_upstreams: {}, fail: { kind: 'tool', message: 'as asked' }, suggest_tools: { query: 'echo' } };
  for (const [n, name] of names.entries()) await callTool(server, name, given[name], { task_id: task, tool_call_id: `${task}-${n}` });
  await publish(server, { type: 'lifecycle', task_id: task, timestamp_ns: '0', payload: { event: 'TASK_COMPLETED', status: 'completed' } });
}
const edges = async (server, n) => until(`${n} edges`, async () =>
  (await (await fetch(`${server.url}/api/graph/snapshot`, { headers: server.headers })).json()).edges?.length === n);
const pictures = async (tab, name) => {
  await tab.picture(`${name}-light`);
  await tab.page.emulateMedia({ colorScheme: 'dark' });
  await tab.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn)))));
  await tab.picture(`${name}-dark`);
};
/** The cells of a table, row by row. */
const cells = (table) => table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.replace(/\/\s+/, '/').trim())));

test('[E38] the table of tools counts what was called, sorts, and knows the server\'s day', async (t) => {
  const server = await startBinary(t, { config });
  await work(server, 't-1', ['echo', 'echo', 'sleep', 'fail']);
  const tab = await openPage(t, `${server.page}#/tools`);
  const table = tab.page.getByRole('table', { name: 'Tools, in memory' });
  await table.getByRole('button', { name: 'fail' }).waitFor();
  const rows = new Map((await cells(table)).map(([name, ...rest]) => [name, rest]));
  assert.deepEqual(rows.get('builtin/echo').slice(0, 4), ['2', '', '', '']);
  assert.deepEqual(rows.get('builtin/fail').slice(0, 4), ['1', '', '1', '100 %']);
  assert.match(rows.get('builtin/sleep')[4], /ms$/);

  await table.getByRole('button', { name: 'Calls' }).click();
  assert.equal(await table.getByRole('columnheader', { name: 'Calls' }).getAttribute('aria-sort'), 'ascending');
  assert.equal((await cells(table)).at(-1)[0], 'builtin/echo');
  assert.match(tab.page.url(), /sort=calls/);

  await tab.page.getByRole('button', { name: 'Server, 24 h' }).click();
  const day = tab.page.getByRole('table', { name: 'Tools, server, 24 h' });
  await day.getByRole('button', { name: 'echo' }).waitFor();
  assert.equal((await cells(day)).find(([name]) => name === 'echo')[1], '2');
  assert.match(tab.page.url(), /range=24h/);
});

test('[E38] [E39] a click on a tool filters Live; charts have their numbers in tables; a stretch becomes a time filter', async (t) => {
  const server = await startBinary(t, { config });
  await work(server, 't-1', ['echo', 'fail', 'sleep']);
  const tab = await openPage(t, `${server.page}#/tools`);
  const chart = tab.page.getByRole('figure').filter({ hasText: 'Envelopes per second' });
  await chart.locator('canvas').waitFor();
  await work(server, 't-2', ['echo', 'fail', 'sleep']);
  await pictures(tab, 'tools');
  await tab.axe();

  await chart.getByText('Numbers').click();
  await chart.getByRole('button', { name: 'show' }).first().click();
  await until('a time filter', () => /#\/live\?f=time%3A/.test(tab.page.url()));
  await tab.page.goBack();

  const over = chart.locator('.u-over');
  await over.waitFor();
  const box = await over.boundingBox();
  await tab.page.mouse.move(box.x + box.width * 0.2, box.y + 20);
  await tab.page.mouse.down();
  await tab.page.mouse.move(box.x + box.width * 0.9, box.y + 20, { steps: 4 });
  await tab.page.mouse.up();
  const filter = await until('a time filter', () => new URLSearchParams(new URL(tab.page.url()).hash.split('?')[1]).get('f'));
  const [from, to] = /^time:(\S+)\.\.(\S+)$/.exec(filter).slice(1).map(Date.parse);
  assert.ok(to - from > 100_000 && to - from < 400_000, filter);
  await tab.page.goBack();

  await tab.page.getByRole('table', { name: 'Tools, in memory' }).getByRole('button', { name: 'fail' }).click();
  await until('Live with the tool', () => decodeURIComponent(tab.page.url()).includes('#/live?f=tool:fail server:builtin'));
});

test('[E40] [E41] the graph: snapshot, live edges, questions, tables, files', async (t) => {
  const server = await startBinary(t, { config });
  await work(server, 't-1', ['echo', 'sleep', 'list_upstreams']);
  await edges(server, 2);
  const tab = await openPage(t, `${server.page}#/graph`);
  await tab.page.getByRole('img', { name: 'Graph of 8 tools and 2 edges' }).waitFor();
  const snapshots = () => tab.requests.filter(({ url }) => url.endsWith('/api/graph/snapshot')).length;
  const before = snapshots();
  await work(server, 't-2', ['fail', 'suggest_tools']);
  await tab.page.getByRole('img', { name: 'Graph of 8 tools and 3 edges' }).waitFor();
  assert.equal(snapshots(), before, 'an edge between known tools needs no new snapshot');
  await pictures(tab, 'graph');

  await tab.page.getByLabel('Tool', { exact: true }).fill('echo');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByLabel('Path to').fill('list_upstreams');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('2 hops').waitFor();
  assert.match(tab.page.url(), /focus=echo&to=list_upstreams/);
  await tab.axe();
  await pictures(tab, 'graph-path');
  await tab.page.getByLabel('Path to').fill('fail');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('No path').waitFor();

  await tab.page.getByRole('button', { name: 'Edges', exact: true }).click();
  const table = tab.page.getByRole('table', { name: 'Edges of the graph' });
  assert.deepEqual((await cells(table)).map(([from, to]) => `${from} ${to}`).sort(), ['echo sleep', 'fail suggest_tools', 'sleep list_upstreams']);
  await tab.page.getByRole('button', { name: 'Tools', exact: true }).click();
  await tab.page.getByRole('table', { name: 'Tools of the graph' }).waitFor();
  for (const [format, extension] of [['JSON', 'json'], ['GraphML', 'graphml'], ['CSV', 'csv']]) {
    const [download] = await Promise.all([tab.page.waitForEvent('download'), tab.page.getByRole('button', { name: format, exact: true }).click()]);
    assert.equal(download.suggestedFilename(), `tool-graph.${extension}`);
  }
});

test('[E41] arrow keys walk to neighbours', async (t) => {
  const server = await startBinary(t, { config });
  await work(server, 't-1', ['echo', 'sleep']);
  await edges(server, 1);
  const tab = await openPage(t, `${server.page}#/graph?focus=echo`);
  const drawing = tab.page.getByRole('img', { name: /^Graph of/ });
  await drawing.focus();
  const focus = () => new URLSearchParams(new URL(tab.page.url()).hash.split('?')[1]).get('focus');
  await until('the neighbour', async () => {
    for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
      await tab.page.keyboard.press(key);
      if (focus() === 'sleep') return true;
    }
    return false;
  });
});

test('[E42] at rest no frame of the graph is painted', async (t) => {
  const server = await startBinary(t, { config });
  await work(server, 't-1', ['echo', 'sleep']);
  await edges(server, 1);
  const before = () => {
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    globalThis.paints = 0;
    CanvasRenderingContext2D.prototype.clearRect = function (...args) { globalThis.paints++; clear.apply(this, args); };
  };
  const tab = await openPage(t, `${server.page}#/graph`, { before });
  const paints = () => tab.page.evaluate(() => globalThis.paints);
  await until('a picture', async () => await paints() > 0);
  // Frames of a page at rest, counted by the page itself.
  const frames = (n) => tab.page.evaluate((count) => new Promise((resolve) => {
    const next = (left) => (left === 0 ? resolve() : requestAnimationFrame(() => next(left - 1)));
    next(count);
  }), n);
  await frames(30);
  const at = await paints();
  await frames(60);
  assert.equal(await paints(), at);
  await work(server, 't-2', ['echo', 'sleep']); // the edge is surer now: it pulses, then is at rest again
  await until('a pulse', async () => await paints() > at + 10);
});

test('[E46] [E47] health of server and page; diagnostics without secrets', async (t) => {
  const server = await startGuarded(t, { config });
  await work(server, 't-1', ['echo']);
  const tab = await openPage(t, `${server.page}#/health`, { context: { permissions: ['clipboard-read', 'clipboard-write'] }, expect: [/status of 401/] });
  await tab.page.getByLabel('Bearer token of this server').fill(server.bearer);
  await tab.page.keyboard.press('Enter');
  // Some of it is told without a token, and asked again with it.
  const text = await until('the version', async () => {
    const shown = await tab.page.locator('main').innerText();
    return /Version\s+\d+\.\d+\.\d+/.test(shown) && /Readers \(\d/.test(shown) && shown;
  });
  assert.match(text, /Ready\s+yes/);
  assert.match(text, /Newest entry\s+[0-9a-f]{10}-\d+/);
  assert.match(text, /as this computer's/);
  assert.match(text, /\d+ of 65.536/);
  await tab.page.getByRole('table', { name: 'Readers' }).waitFor();
  await pictures(tab, 'health');
  await tab.axe();

  await tab.page.getByRole('button', { name: 'Reconnect now' }).click();
  const reconnects = tab.page.getByRole('table', { name: 'Reconnects, newest first' });
  await reconnects.waitFor();
  await until('the first id after', async () => (await cells(reconnects))[0][2] !== 'none');
  await tab.page.getByRole('button', { name: 'Copy diagnostics' }).click();
  const copied = await until('the copy', () => tab.page.evaluate(() => navigator.clipboard.readText()));
  assert.match(copied, /"reconnects"/);
  assert.doesNotMatch(copied, new RegExp(`${server.bearer}|token=|Authorization|hello`));
});

test('[run] a tool is picked, its form filled in, called, and its trace opened', async (t) => {
  const server = await startGuarded(t, { config });
  const tab = await openPage(t, `${server.page}#/run`, { expect: [/status of 401/] });
  await tab.page.getByLabel('Bearer token of this server').fill(server.bearer);
  await tab.page.keyboard.press('Enter');
  await tab.page.getByRole('button', { name: 'sleep' }).click();
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  await tab.page.getByText('ms is required').waitFor();
  await tab.page.getByLabel(/^ms/).fill('abc');
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  await tab.page.getByText('ms must be a number').waitFor();
  await tab.page.getByLabel(/^ms/).fill('20');
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  const result = tab.page.getByRole('region', { name: 'Result' });
  await result.getByText('ok', { exact: true }).waitFor();
  await pictures(tab, 'run');
  await tab.axe();

  // As JSON, and to an error of the tool, said plainly.
  await tab.page.getByRole('button', { name: 'fail' }).click();
  await tab.page.getByLabel('kind').selectOption('tool');
  await tab.page.getByRole('button', { name: 'JSON' }).click();
  assert.deepEqual(JSON.parse(await tab.page.getByLabel('Arguments as JSON').inputValue()), { kind: 'tool' });
  await tab.page.getByLabel('Arguments as JSON').fill('{"kind":"tool","message":"<img src=x onerror=alert(1)>"}');
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  await result.getByText('the tool says: error').waitFor();
  await result.getByText('<img src=x onerror=alert(1)>').waitFor();
  await result.getByRole('link', { name: /^Its trace, run-/ }).click();
  await until('its trace', () => /#\/trace\/run-[0-9a-f]{16}/.test(tab.page.url()));
  await tab.page.getByText('fail').first().waitFor();
});
