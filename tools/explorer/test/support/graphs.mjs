// Tool graphs as `/api/graph/snapshot` answers them.

import { ScriptedServer } from './scripted_server.mjs';

export const tool = (id, n = 0, more = {}) => ({ id, label: id, server: `s${n % 3}`, pagerank: 1 / (n + 2), degree: 1, community_id: n % 4, ...more });
export const edge = (source, target, more = {}) => ({ source, target, confidence: 0.5, observed_count: 1, edge_type: 'sequence', edge_source: 'inferred', ...more });
export const snapshot = (nodes, edges, lastId) => ({
  nodes, edges, metadata: { total_nodes: nodes.length, total_edges: edges.length, density: 0.1, last_updated: '' }, last_id: lastId,
});
export const kRelated = { 'GET /api/graph/related': { body: { related: [] } } };

/** A server with a graph of 200 tools and 400 edges. */
export async function largeGraph(t) {
  const nodes = Array.from({ length: 200 }, (_, n) => tool(`server_${n % 7}__tool_${n}`, n, { server: `server_${n % 7}`, community_id: n % 9, pagerank: 1 / (1 + n) }));
  const edges = Array.from({ length: 400 }, (_, n) => edge(nodes[n % 200].id, nodes[(n * 7 + 1 + (n % 3)) % 200].id, { confidence: 0.5 + (n % 6) / 10, edge_source: n % 10 ? 'observed' : 'template' }));
  const server = await ScriptedServer.start(t, { routes: kRelated });
  server.routes.set('GET /api/graph/snapshot', () => ({ body: snapshot(nodes, edges, server.log.head) }));
  return server;
}
