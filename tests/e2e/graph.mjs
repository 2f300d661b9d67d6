// The tool graph of a real server: real calls, tasks that end, `eventsource`, curl and the
// questions beside the stream.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { EventSource, Server, eventSource, rawGet, root, run, scratch, sdkClient, slow, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const config = { builtin: { tools: 'all' } };
const names = ['connected', 'graph_synced', 'edge_created', 'edge_updated', 'workflow_executed', 'metrics_updated', 'heartbeat'];
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const page = fs.readFileSync(path.join(root, 'docs/api/events.md'), 'utf8');

// Calls these tools one after the other as one task, and ends it.
async function work(t, server, task, tools) {
  const client = await sdkClient(t, server);
  const given = { echo: { text: 'x' }, sleep: { ms: 1 }, list_upstreams: {} };
  for (const [n, name] of tools.entries()) {
    await client.callTool({ name, arguments: given[name],
      _meta: { 'devs.saop/context': { task_id: task, tool_call_id: `${task}-${n}` } } });
  }
  const ended = await server.publish({ type: 'lifecycle', task_id: task, payload: { event: 'TASK_COMPLETED', status: 'completed' } });
  assert.equal(ended.status, 200);
}
const follow = (t, server, route = '/events/stream') => eventSource(t, server, { route, names });
const named = (source, name) => source.seen.filter(({ type }) => type === name).map(({ data }) => JSON.parse(data));
const get = async (server, route) => {
  const answer = await fetch(server.url + route);
  return { status: answer.status, body: await answer.json() };
};

test('[S4.1] [S4.2] a task of real calls becomes edges, a workflow, metrics, in that order', limit, async (t) => {
  const server = await Server.start(t, { config });
  const source = await follow(t, server);
  await work(t, server, 't-1', ['echo', 'sleep', 'list_upstreams']);
  await until('the metrics', () => named(source, 'metrics_updated').length === 1);
  assert.deepEqual(source.seen.map(({ type }) => type),
    ['connected', 'edge_created', 'edge_created', 'workflow_executed', 'metrics_updated']);
  const [edge] = named(source, 'edge_created'), [workflow] = named(source, 'workflow_executed');
  assert.deepEqual({ ...edge, timestamp: 0 }, {
    from_tool_id: 'echo', to_tool_id: 'sleep', confidence_score: 0.5, timestamp: 0, observed_count: 1,
    edge_type: 'sequence', edge_source: 'inferred' });
  assert.equal(workflow.workflow_id, 't-1');
  assert.deepEqual(workflow.tool_ids, ['echo', 'sleep', 'list_upstreams']);
  assert.equal(workflow.success, true);
  assert.ok(workflow.execution_time_ms > 1, `${workflow.execution_time_ms}`);
  for (const { data } of source.seen) assert.match(JSON.parse(data).timestamp, iso);
  assert.equal(named(source, 'metrics_updated')[0].edge_count, 2);
});

test('[S4.14] [D4.5] a snapshot and the stream from its last_id are the graph', limit, async (t) => {
  const server = await Server.start(t, { config });
  await work(t, server, 't-1', ['echo', 'sleep']);
  const snapshot = await until('a snapshot with an edge', async () => {
    const { body } = await get(server, '/api/graph/snapshot');
    return body.edges?.length === 1 && body;
  });
  await work(t, server, 't-2', ['echo', 'sleep', 'list_upstreams', 'echo']);
  await work(t, server, 't-3', ['list_upstreams', 'sleep', 'echo']);
  const source = await follow(t, server, `/events/stream?lastEventId=${snapshot.last_id}`);
  await until('both workflows', () => named(source, 'workflow_executed').filter(({ workflow_id: id }) => id !== 't-1').length === 2);
  const edges = new Map(snapshot.edges.map((edge) => [`${edge.source}>${edge.target}`, edge.confidence]));
  for (const { type, data } of source.seen) {
    const edge = JSON.parse(data);
    if (type.startsWith('edge_')) edges.set(`${edge.from_tool_id}>${edge.to_tool_id}`, edge.new_confidence ?? edge.confidence_score);
  }
  const { body: now } = await get(server, '/api/graph/snapshot');
  assert.deepEqual([...edges].sort(), now.edges.map((edge) => [`${edge.source}>${edge.target}`, edge.confidence]).sort());
});

test('[S4.13] the questions: path, related, neighbours, community, metrics, export, stats', limit, async (t) => {
  const server = await Server.start(t, { config });
  await work(t, server, 't-1', ['echo', 'sleep', 'list_upstreams']);
  await until('the edges', async () => (await get(server, '/api/graph/snapshot')).body.edges?.length === 2);
  const path = await get(server, '/api/graph/path?from=echo&to=list_upstreams');
  assert.deepEqual(path.body, { path: ['echo', 'sleep', 'list_upstreams'], total_hops: 2, from: 'echo', to: 'list_upstreams' });
  assert.deepEqual((await get(server, '/api/graph/path?from=list_upstreams&to=echo')).body,
    { path: [], total_hops: -1, from: 'list_upstreams', to: 'echo' });
  const related = await get(server, '/api/graph/related?tool_id=echo');
  assert.deepEqual(related.body.related.map(({ tool_id: id }) => id), ['list_upstreams']);
  assert.ok(Math.abs(related.body.related[0].score - 1 / Math.log(2)) < 1e-9);
  assert.deepEqual((await get(server, '/api/graph/neighbors?node_id=sleep')).body, { node_id: 'sleep', neighbors: [
    { id: 'echo', direction: 'in', confidence: 0.5 }, { id: 'list_upstreams', direction: 'out', confidence: 0.5 }] });
  const community = await get(server, '/api/graph/community?node_id=echo');
  assert.equal(community.body.member_count, community.body.members.length);
  assert.ok(!community.body.members.some(({ id }) => id === 'echo'));
  const { body: snapshot } = await get(server, '/api/graph/snapshot');
  assert.deepEqual(Object.keys(snapshot), ['nodes', 'edges', 'metadata', 'last_id']);
  assert.deepEqual(Object.keys(snapshot.nodes[0]), ['id', 'label', 'server', 'pagerank', 'degree', 'community_id']);
  assert.deepEqual(Object.keys(snapshot.edges[0]), ['source', 'target', 'confidence', 'observed_count', 'edge_type', 'edge_source']);
  assert.ok(Math.abs(snapshot.nodes.reduce((sum, node) => sum + node.pagerank, 0) - 1) < 1e-9);
  for (const range of ['1h', '24h', '7d']) {
    const { body } = await get(server, `/api/metrics?range=${range}`);
    assert.equal(body.range, range);
    assert.equal(body.current.edge_count, 2);
    assert.deepEqual({ ...body.period, new_nodes: 0 }, { workflows: 1, success_rate: 1, new_edges: 2, new_nodes: 0 });
    assert.equal(body.timeseries.edge_count.at(-1).v, 2);
    assert.match(body.timeseries.workflow_rate.at(-1).t, iso);
  }
  for (const [format, begin] of [['graphml', '<?xml'], ['csv', 'source,target'], ['json', '{"nodes"']]) {
    const text = await (await fetch(`${server.url}/api/graph/export?format=${format}`)).text();
    assert.ok(text.startsWith(begin), text.slice(0, 60));
  }
  const { body: stats } = await get(server, '/api/graph/stats');
  assert.deepEqual(Object.keys(stats), ['connected_clients', 'uptime_seconds']);

  for (const [route, field] of [
    ['path?from=echo', 'to'], ['path?to=echo', 'from'], ['related', 'tool_id'], ['related?tool_id=', 'tool_id'],
    ['related?tool_id=echo&limit=0', 'limit'], ['neighbors?node_id=echo&limit=x', 'limit'], ['neighbors', 'node_id'],
    ['community', 'node_id'], ['community?node_id=echo&limit=1001', 'limit'], ['export?format=pdf', 'format']]) {
    const { status, body } = await get(server, `/api/graph/${route}`);
    assert.equal(status, 400, route);
    assert.equal(body.field, field, route);
  }
  assert.equal((await get(server, '/api/metrics?range=1y')).status, 400);
  for (const route of ['path?from=echo&to=nobody', 'path?from=nobody&to=echo', 'related?tool_id=nobody',
    'neighbors?node_id=nobody', 'community?node_id=nobody']) {
    assert.deepEqual(await get(server, `/api/graph/${route}`), { status: 404, body: { error: 'NOT_FOUND', tool_id: 'nobody' } });
  }
});

test('[S4.15] clients come and go, and stats count them', limit, async (t) => {
  const server = await Server.start(t, { config });
  const clients = [await follow(t, server), await follow(t, server), await follow(t, server)];
  await until('three', async () => (await get(server, '/api/graph/stats')).body.connected_clients === 3);
  clients[1].close();
  await until('two', async () => (await get(server, '/api/graph/stats')).body.connected_clients === 2);
  await work(t, server, 't-1', ['echo', 'sleep']);
  for (const client of [clients[0], clients[2]])
    await until('its workflow', () => named(client, 'workflow_executed').length === 1);
  assert.equal(named(clients[1], 'workflow_executed').length, 0);
});

test('[S4.9] [D4.3] CORS of the graph: its own origins, preflight, Vary; others 403 and no word of CORS', limit, async (t) => {
  const server = await Server.start(t, { config });
  for (const origin of ['http://localhost:3000', 'http://localhost:8080', 'http://127.0.0.1:5173']) {
    const open = await rawGet(server, '/events/stream', `Origin: ${origin}\r\n`);
    await until('its head', () => open.text.includes('\r\n\r\n'));
    assert.match(open.text, /^HTTP\/1\.1 200 /);
    assert.ok(open.text.includes(`Access-Control-Allow-Origin: ${origin}\r\n`), open.text);
    assert.match(open.text, /\r\nVary: [^\r]*Origin/);
    const preflight = await run('curl', ['-sSi', '-X', 'OPTIONS', '-H', `Origin: ${origin}`,
      '-H', 'Access-Control-Request-Method: GET', `${server.url}/events/stream`]);
    assert.match(preflight.out, /^HTTP\/1\.1 204 /);
    assert.match(preflight.out, /Access-Control-Allow-Methods: GET, OPTIONS/);
    assert.match(preflight.out, /Access-Control-Max-Age: 600/);
  }
  for (const origin of ['http://127.0.0.1.evil.example', 'https://evil.example', 'null', 'http://localhost:3001']) {
    const refused = await run('curl', ['-sSi', '-H', `Origin: ${origin}`, `${server.url}/events/stream`]);
    assert.match(refused.out, /^HTTP\/1\.1 403 /, origin);
    assert.doesNotMatch(refused.out, /Access-Control-/i);
  }
});

test('[S4.3] the graph is there again after a restart, and says so; a task ends when it is idle', limit, async (t) => {
  const dir = scratch(t);
  const idle = { ...config, graph: { task_idle_ms: 1500 } };
  const first = await Server.start(t, { dir, config: idle });
  const client = await sdkClient(t, first);
  await client.callTool({ name: 'echo', arguments: { text: 'x' }, _meta: { 'devs.saop/context': { task_id: 'idle' } } });
  await client.callTool({ name: 'sleep', arguments: { ms: 1 }, _meta: { 'devs.saop/context': { task_id: 'idle' } } });
  const before = await until('an edge', async () => {
    const { body } = await get(first, '/api/graph/snapshot');
    return body.edges?.length > 0 && body;
  });
  await first.stop();
  const second = await Server.start(t, { dir, config: idle });
  const after = await until('the graph', async () => {
    const { status, body } = await get(second, '/api/graph/snapshot');
    return status === 200 && body;
  });
  assert.deepEqual(after.edges, before.edges);
  const source = await follow(t, second, '/events/stream?lastEventId=earliest');
  await until('graph_synced', () => named(source, 'graph_synced').length === 1);
  assert.equal(named(source, 'graph_synced')[0].edge_count, before.edges.length);
});

test('[S4.17] docs/api/events.md: every event with its members, curl, JavaScript, limits', limit, async (t) => {
  for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
  const server = await Server.start(t, { config });
  await work(t, server, 'doc', ['echo', 'sleep']);
  await work(t, server, 'doc-2', ['echo', 'sleep']);
  const source = await follow(t, server, '/events/stream?lastEventId=earliest');
  await until('metrics', () => named(source, 'metrics_updated').length > 0 && named(source, 'edge_updated').length > 0);
  for (const name of ['connected', 'edge_created', 'edge_updated', 'workflow_executed', 'metrics_updated']) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    for (const member of Object.keys(named(source, name)[0])) assert.ok(row.includes(`\`${member}\``), `${name}: ${member}`);
  }
  // Its code, run.
  const [, code] = /```js\n([^]*?)```/.exec(page);
  const told = [];
  const body = `${code.replace(/^import .*$/m, '')}\nreturn followGraph;`;
  const followGraph = new Function('EventSource', 'fetch', body)(EventSource, fetch);
  const stop = await followGraph(server.url, (name, data) => told.push([name, data]));
  t.after(() => stop());
  await work(t, server, 'doc-3', ['sleep', 'echo']);
  await until('an edge', () => told.some(([name]) => name === 'edge_created'));
  assert.equal(told[0][0], 'snapshot');
});
