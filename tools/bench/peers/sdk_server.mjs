// The official SDK's Streamable HTTP server with one echo tool and sessions: what a
// tool author runs today.  Prints the port it listens on.
//
//   sdk_server.mjs [--sse]     --sse: answers as event streams, the SDK's default
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The packages live beside the pinned Node, not beside this file.
const require = createRequire(path.join(process.env.DEVS_NODE_MODULES, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const { McpServer } = await load('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = await load('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { createMcpExpressApp } = await load('@modelcontextprotocol/sdk/server/express.js');
const { isInitializeRequest } = await load('@modelcontextprotocol/sdk/types.js');
const z = await load('zod');

const enableJsonResponse = !process.argv.includes('--sse');
const sessions = new Map();

function newServer() {
  const server = new McpServer({ name: 'echo', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Says what it was told', inputSchema: { text: z.string() } },
    async ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
}

const app = createMcpExpressApp();
app.post('/mcp', async (request, response) => {
  let transport = sessions.get(request.headers['mcp-session-id']);
  if (!transport && isInitializeRequest(request.body)) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await newServer().connect(transport);
  }
  if (!transport) return response.status(404).end();
  await transport.handleRequest(request, response, request.body);
});

const listener = app.listen(0, '127.0.0.1', () => console.log(listener.address().port));
