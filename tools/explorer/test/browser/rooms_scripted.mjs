// The rooms where a real server would not go: gaps, hostile names, large graphs, odd schemas, refusals.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { answered, openPage } from '../support/chromium.mjs';
import { call } from '../support/envelopes.mjs';
import { edge, kRelated, largeGraph, snapshot, tool } from '../support/graphs.mjs';
import { frame, ScriptedServer } from '../support/scripted_server.mjs';

const kHostile = '<img src=x onerror=alert(1)>"\'{{7*7}}\u202eevil\u001b[31m__proto__';
const graphEvent = (event, payload) => ({ type: 'graph', timestamp_ns: '1796055435300165635', event, payload });
const snapshots = (server) => server.asked('GET', '/api/graph/snapshot').length;
const both = async (tab, name) => {
  await tab.axe();
  await tab.picture(`${name}-light`);
  await tab.page.emulateMedia({ colorScheme: 'dark' });
  await tab.axe();
  await tab.picture(`${name}-dark`);
};

test('[E41] events go into the picture; a gap takes one new snapshot, and so does a tool nobody knew', async (t) => {
  const nodes = [tool('a'), tool('b', 1), tool('c', 2)];
  const server = await ScriptedServer.start(t, { routes: kRelated });
  server.routes.set('GET /api/graph/snapshot', () => ({ body: snapshot(nodes, [edge('a', 'b')], server.log.head) }));
  const tab = await openPage(t, `${server.url}#/graph`);
  const drawing = (tools, edges) => tab.page.getByRole('img', { name: `Graph of ${tools} tools and ${edges} edge` }).waitFor();
  await drawing(3, 1);
  assert.equal(snapshots(server), 1);
  server.log.add(graphEvent('edge_created', { from_tool_id: 'b', to_tool_id: 'c', confidence_score: 0.5, observed_count: 1, edge_type: 'sequence', edge_source: 'inferred' }), { event: 'edge_created' });
  server.log.add(graphEvent('metrics_updated', { node_count: 3, edge_count: 2, density: 0.333, communities_count: 2, pagerank_top_10: [{ tool_id: 'c', score: 0.9 }] }), { event: 'metrics_updated' });
  await drawing(3, 2);
  await tab.page.getByText('density 0.333, 2 communities').waitFor();
  await tab.page.getByRole('button', { name: 'Tools', exact: true }).click();
  assert.match(await tab.page.getByRole('table', { name: 'Tools of the graph' }).locator('tbody tr').first().innerText(), /^c\s.*0\.9000/);
  await tab.page.getByRole('button', { name: 'Drawing' }).click();
  assert.equal(snapshots(server), 1);

  server.say(frame({ from: server.log.id(3), to: server.log.id(9), count: 7, reason: 'expired' }, { event: 'gap' }));
  await until('one more snapshot', () => snapshots(server) === 2);
  await drawing(3, 1);
  nodes.push(tool('new', 3));
  server.log.add(graphEvent('edge_created', { from_tool_id: 'c', to_tool_id: 'new', confidence_score: 0.5 }), { event: 'edge_created' });
  await drawing(4, 1);
  assert.equal(snapshots(server), 3);
});

test('[E42] 200 tools and 400 edges, in both themes', async (t) => {
  const server = await largeGraph(t);
  const tab = await openPage(t, `${server.url}#/graph`);
  await tab.page.locator('.drawing[aria-busy="false"]').waitFor();
  await both(tab, 'graph-large');
});

test('[E42] [E58] the drawing is brought nearer and moved by buttons, keys, wheel and hand; then it is at rest', async (t) => {
  const server = await ScriptedServer.start(t, { routes: kRelated });
  server.routes.set('GET /api/graph/snapshot', () => ({ body: snapshot([tool('a'), tool('b', 1)], [edge('a', 'b')], server.log.head) }));
  const tab = await openPage(t, `${server.url}#/graph`, { before: () => {
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    globalThis.paints = 0;
    CanvasRenderingContext2D.prototype.clearRect = function (...args) { globalThis.paints++; clear.apply(this, args); };
  } });
  const { page } = tab;
  await page.locator('.drawing[aria-busy="false"]').waitFor();
  const canvas = page.getByRole('img', { name: /^Graph of/ }), bar = page.getByRole('group', { name: 'Part of the drawing' });
  const shows = (percent) => bar.getByText(`${percent} %`, { exact: true }).waitFor();
  const box = await canvas.boundingBox();
  /** The tool there, as the pointer finds it; '' for none. */
  const toolAt = async (x, y) => {
    await page.mouse.move(box.x + x + 1, box.y + y);
    await page.mouse.move(box.x + x, box.y + y);
    return canvas.getAttribute('title');
  };
  const isAt = (name, x, y) => until(`${name || 'nothing'} at ${x}, ${y}`, async () => await toolAt(x, y) === name);
  // Two tools lie in opposite corners of the sheet.
  const left = 36, right = Math.floor(box.width) - 36, top = 36, bottom = Math.floor(box.height) - 48;
  const upper = (await toolAt(left, top)) || (await toolAt(right, top)), lower = upper === 'a' ? 'b' : 'a';
  const x = await toolAt(left, top) === upper ? left : right, middle = box.width / 2;
  await isAt(lower, left + right - x, bottom);

  await bar.getByRole('button', { name: 'Nearer' }).click();
  await shows(150);
  await isAt('', x, top);
  await bar.getByRole('button', { name: 'Up' }).click();
  await bar.getByRole('button', { name: x < middle ? 'Left' : 'Right' }).click();
  const nearTop = 1.5 * top, near = x < middle ? 1.5 * x : box.width - 1.5 * (box.width - x);
  await isAt(upper, near, nearTop);
  await bar.getByRole('button', { name: 'Down' }).click();
  await isAt('', near, nearTop);
  await page.keyboard.press('w');
  await isAt(upper, near, nearTop);
  await bar.getByRole('button', { name: 'Fit' }).click();
  await shows(100);
  await isAt(upper, x, top);

  // What is under the pointer stays there.
  await page.keyboard.down('Control');
  for (const percent of [125, 156, 195, 244]) {
    await page.mouse.wheel(0, -100);
    await shows(percent);
  }
  await page.keyboard.up('Control');
  await isAt(upper, x, top);
  // The hand takes it along, and that is no click.
  await page.mouse.down();
  await page.mouse.move(box.x + x + (x < middle ? 20 : -20), box.y + top + 30, { steps: 5 });
  await page.mouse.up();
  await isAt(upper, x + (x < middle ? 20 : -20), top + 30);
  assert.doesNotMatch(page.url(), /focus=/);
  await both(tab, 'graph-near');
  for (const percent of [163, 109, 100, 100]) {
    await page.keyboard.press('-');
    await shows(percent);
  }
  await page.keyboard.press('+');
  await shows(150);
  await page.keyboard.press('0');
  await shows(100);

  // A neighbour that is out of sight comes into it.
  await isAt(upper, x, top);
  await page.mouse.click(box.x + x, box.y + top);
  await page.waitForURL(/focus=/);
  for (let n = 0; n < 5; n++) await page.keyboard.press('+');
  await shows(759);
  await canvas.focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForURL(new RegExp(`focus=${lower}`));
  const far = 1.5 ** 5; // it is in its corner of the sheet, and the sheet goes no farther
  await isAt(lower, x < middle ? box.width - 36 * far : 36 * far, bottom + 48 - 48 * far);

  const frames = (n) => page.evaluate((count) => new Promise((resolve) => {
    const next = (left) => (left === 0 ? resolve() : requestAnimationFrame(() => next(left - 1)));
    next(count);
  }), n);
  await frames(30);
  const at = await page.evaluate(() => globalThis.paints);
  await frames(60);
  assert.equal(await page.evaluate(() => globalThis.paints), at);
});

test('[E65] hostile names do nothing in any room but be read', async (t) => {
  const server = await ScriptedServer.start(t, { routes: {
    ...kRelated,
    'GET /api/graph/related': { body: { related: [{ tool_id: kHostile, score: 1 }] } },
    'GET /health': { body: { uptime: 5 } }, 'GET /readyz': { status: 503, body: { reasons: [{ part: kHostile, reason: kHostile }] } },
    'GET /metrics': { headers: { 'Content-Type': 'text/plain' }, body: `# HELP x ${kHostile.slice(0, 28)}\nx{a="${kHostile.slice(0, 28)}"} 1\n` },
    'GET /upstreams': { body: { upstreams: [{ server: kHostile, state: kHostile, tools: 1, in_flight: 0, restarts: 3, last_error: kHostile.repeat(50) }] } },
    'GET /trace/readers': { body: [{ reader: kHostile, principal: kHostile, topics: [kHostile], state: kHostile, lag_entries: 4, lag_ms: 5, bytes: 6, connected_at: kHostile }] },
    'GET /trace/stats': { body: { groups: [{ key: kHostile, count: 1, calls: 1, errors: 1, p50_ms: 1, p95_ms: 1, p99_ms: 1, max_ms: 1 }], groups_left_out: 2 } },
    'POST /mcp': ({ body }) => ({ body: { jsonrpc: '2.0', id: 1, result: {
      'tools/list': { tools: [{ name: kHostile, description: kHostile, inputSchema: { type: 'object', required: [kHostile], properties: {
        [kHostile]: { type: 'string', title: kHostile, description: kHostile }, __proto__x: { enum: [kHostile] } } } }] },
      'tools/call': { content: [{ type: 'text', text: kHostile }, { type: kHostile, data: kHostile }], structuredContent: { [kHostile]: kHostile } },
    }[JSON.parse(body).method] ?? {} } }),
  } });
  server.routes.set('GET /api/graph/snapshot', () => ({ body: snapshot([tool(kHostile, 0, { server: kHostile }), tool('b', 1)], [edge(kHostile, 'b', { edge_type: kHostile })], server.log.head) }));
  for (const entry of call('c-1', kHostile, { x: kHostile }, { stdout: kHostile }, { server: kHostile })) server.log.add(entry);
  const tab = await openPage(t, `${server.url}#/tools`, { expect: [answered(503)] });
  const calm = async (words) => {
    await tab.page.getByText(words).first().waitFor();
    assert.equal(await tab.page.locator('main img').count(), 0);
  };
  await calm('<img src=x');
  const visit = (fragment) => tab.page.evaluate((to) => { location.hash = to; }, fragment);
  await visit('/tools?range=24h');
  await calm('2 more tools');
  await visit('/graph');
  await calm('2 tools');
  await visit(`/graph?focus=${encodeURIComponent(kHostile)}`);
  await calm('Leads to');
  for (const as of ['tools', 'edges']) {
    await visit(`/graph?as=${as}`);
    await calm('<img src=x');
  }
  await visit('/health');
  await calm('<img src=x');
  await tab.axe();
  await visit('/run');
  await tab.page.getByRole('button', { name: '<img src=x' }).click();
  await tab.page.getByRole('textbox', { name: /<img src=x.*required/ }).fill(kHostile);
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  await tab.page.getByRole('region', { name: 'Result' }).getByText('<img src=x').first().waitFor();
  await calm('Structured content');
  const sent = server.asked('POST', '/mcp').map(({ headers, body }) => ({ name: headers['mcp-name'], ...JSON.parse(body) })).find(({ method }) => method === 'tools/call');
  assert.equal(sent.params.arguments[kHostile], kHostile);
  assert.equal(Buffer.from(/^=\?base64\?(.*)\?=$/.exec(sent.name)[1], 'base64').toString(), kHostile);
});

test('[run] every kind of member has a control, and what is typed is what is sent', async (t) => {
  const inputSchema = {
    type: 'object', required: ['path', 'mode', 'where'], properties: {
      path: { type: 'string', description: 'The file to look at.' }, mode: { enum: ['read', 'write'], description: 'How.' },
      lines: { type: 'integer', minimum: 1, default: 10 }, ratio: { type: 'number' }, deep: { type: 'boolean' }, tags: { type: 'array', items: { type: 'string' } },
      where: { type: 'object', required: ['host'], properties: { host: { type: 'string' }, port: { type: 'integer' } } },
      options: { type: 'object', properties: { a: { type: 'string' } } }, anything: { description: 'Whatever you like.' }, message: { type: 'string' },
    },
  };
  const server = await ScriptedServer.start(t, { routes: {
    'POST /mcp': ({ body }) => ({ body: { jsonrpc: '2.0', id: 1, result: JSON.parse(body).method === 'tools/list'
      ? { tools: [{ name: 'look', description: 'Looks at a file.', inputSchema }, { name: 'nothing' }] }
      : { content: [{ type: 'text', text: 'seen' }], structuredContent: { seen: true } } } }),
  } });
  const tab = await openPage(t, `${server.url}#/run?tool=look`);
  const page = tab.page;
  await page.getByLabel(/^path/).fill('src/a.cc');
  await page.getByLabel(/^mode/).selectOption('write');
  await page.getByLabel('ratio').fill('0.5');
  await page.getByLabel('deep').selectOption('true');
  await page.getByRole('button', { name: 'Add an item' }).click();
  await page.getByLabel('1', { exact: true }).fill('x');
  await page.getByRole('button', { name: 'Add an item' }).click();
  await page.getByLabel('2', { exact: true }).fill('y');
  await page.getByRole('button', { name: 'Take out item 1' }).click();
  await page.getByLabel(/^host/).fill('h');
  await page.getByLabel('anything').fill('{"a":[1]}');
  await both(tab, 'run-form');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('seen', { exact: true }).first().waitFor();
  const sent = server.asked('POST', '/mcp').map(({ body }) => JSON.parse(body)).find(({ method }) => method === 'tools/call');
  assert.deepEqual(sent.params.arguments, { lines: 10, where: { host: 'h' }, path: 'src/a.cc', mode: 'write', ratio: 0.5, deep: true, tags: ['y'], anything: { a: [1] } });
  assert.match(sent.params._meta['devs.saop/context'].task_id, /^run-[0-9a-f]{16}$/);
  await page.getByRole('button', { name: 'nothing' }).click();
  await page.getByText('It takes no arguments.').waitFor();
});

test('[E61] a server without these routes is told in a sentence, and the page goes on', async (t) => {
  const server = await ScriptedServer.start(t);
  const tab = await openPage(t, `${server.url}#/graph`, { expect: [answered(404)] });
  await tab.page.getByText('HTTP 404: this server does not have it').waitFor();
  await tab.page.evaluate(() => { location.hash = '/run'; });
  await tab.page.getByRole('alert').getByText('this server does not have it').waitFor();
  await tab.page.evaluate(() => { location.hash = '/tools?range=24h'; });
  await tab.page.getByRole('alert').getByText('this server does not have it').waitFor();
  await tab.page.evaluate(() => { location.hash = '/health'; });
  await tab.page.getByText('This page').waitFor();
  await tab.page.getByRole('button', { name: 'Reconnect now' }).waitFor();
  await tab.axe();
});

test('[E59] the rooms at 320 pixels: nothing lies outside, and axe finds nothing', async (t) => {
  const server = await ScriptedServer.start(t, { routes: {
    ...kRelated, 'GET /health': { body: { uptime: 5 } }, 'GET /readyz': { body: {} }, 'GET /metrics': { headers: { 'Content-Type': 'text/plain' }, body: 'x 1\n' },
    'GET /upstreams': { body: { upstreams: [] } }, 'GET /trace/readers': { body: [] },
    'POST /mcp': { body: { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'a_rather_long_name_of_a_tool_to_be_shown', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }] } } },
  } });
  server.routes.set('GET /api/graph/snapshot', () => ({ body: snapshot([tool('a'), tool('b', 1)], [edge('a', 'b')], server.log.head) }));
  for (let n = 0; n < 5; n++) for (const entry of call(`c-${n}`, `tool_${n}`)) server.log.add(entry);
  const tab = await openPage(t, `${server.url}#/tools`, { narrow: true });
  for (const [view, words] of [['tools', 'Envelopes per second'], ['graph', 'What is what'], ['health', 'Recorder and ring'], ['run?tool=a_rather_long_name_of_a_tool_to_be_shown', 'Run']]) {
    await tab.page.evaluate((to) => { location.hash = `/${to}`; }, view);
    await tab.page.getByText(words).first().waitFor();
    await tab.picture(`narrow-${view.split('?')[0]}`);
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= 320), `${view} is wider than the screen`);
    await tab.axe();
  }
});

test('[E46] why the server is not ready, a clock that differs, a disk that refuses', async (t) => {
  const server = await ScriptedServer.start(t, { routes: {
    'GET /health': { body: { uptime: 3661 } }, 'GET /upstreams': { body: { upstreams: [] } },
    'GET /readyz': { status: 503, body: { reasons: [{ part: 'recorder', reason: 'No space left on device' }] } },
    'GET /metrics': { headers: { 'Content-Type': 'text/plain' }, body: 'recorder_failing 1\nrecorder_queue_entries 63\nrecorder_queue_oldest_ms 7000\nbus_ring_entries 100\nbus_ring_max_entries 65536\nbus_ring_bytes 2048\n' },
    'GET /trace/readers': { status: 403, body: { error: 'FORBIDDEN', reason: 'scope' } },
    'HEAD /trace/stream': () => ({ headers: { Date: new Date(Date.now() + 20_000).toUTCString(), 'X-Head-Event-Id': server.log.head } }),
  } });
  const tab = await openPage(t, `${server.url}#/health`, { expect: [answered(503), answered(403), answered(404)] });
  await tab.page.getByText('recorder: No space left on device').waitFor();
  const text = await tab.page.locator('main').innerText();
  assert.match(text, /Clock\s+(19|20)(\.\d)? s ahead of this computer/);
  assert.match(text, /Disk\s+refuses/);
  assert.match(text, /63 entries, the oldest for 7 s/);
  assert.match(text, /Uptime\s+1 h 1 min/);
  assert.match(text, /HTTP 403: this token may not see it: scope/);
  await tab.axe();
});

test('[E61] rooms that cannot be had are said and asked for again; those of another version do not run', async (t) => {
  const server = await ScriptedServer.start(t);
  server.routes.set('GET /explorer/rooms.js', { status: 503, body: '' });
  const tab = await openPage(t, `${server.url}#/tools`, { expect: [answered(503), /policy: script-src/, /script-src/] });
  await tab.page.getByText('This part of the page is on the server, and it says HTTP 503.').waitFor();
  server.routes.set('GET /explorer/rooms.js', { headers: { 'Content-Type': 'text/javascript' }, body: 'globalThis.ran = true' });
  await tab.page.getByRole('button', { name: 'Try again' }).click();
  await tab.page.getByText('The server has another version of this page: load it anew.').waitFor();
  assert.equal(await tab.page.evaluate(() => globalThis.ran), undefined);
  server.routes.delete('GET /explorer/rooms.js');
  await tab.page.reload();
  await tab.page.getByText('No tool was called yet.').waitFor();
});
