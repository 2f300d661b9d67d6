// A trace that has everything: calls made through MCP by a real host, of real upstream servers,
// that succeed, fail, run out of time, and run until the test says otherwise.
//
//   const story = await tellStory(t);          task t-42 on story.server.url, page in front of it
//   await story.call('everything__echo', { message: 'x' }, { turn_index: 9 })
//   const running = story.start('everything__trigger-long-running-operation', { duration: 60, steps: 1 }, {...});
//   await running.stop();

import { npmServers } from '../../../../tests/e2e/support.mjs';
import { allTools, scratch, sdkClient, startBinary } from './binary.mjs';
import { ScriptedServer } from './scripted_server.mjs';

export const kTask = 't-42';

/** The page as these sources make it, in front of a real server. */
export async function openStory(t, options = {}) {
  const folder = scratch(t);
  const { mcpServers } = npmServers(folder);
  mcpServers.slow = { ...mcpServers.everything, timeout_ms: 700 };
  const server = await startBinary(t, { config: { mcpServers }, ...options });
  const front = await ScriptedServer.start(t, { behind: server.url });
  front.stream = undefined;
  const client = await sdkClient(t, server);
  await allTools(client);
  const call = (name, args, context, options = {}) => client.callTool({
    name, arguments: args, _meta: { 'devs.saop/context': { agent_id: 'dev-1', agent_role: 'developer', session_id: 's-7', task_id: kTask, thread_id: 'main', ...context } },
  }, undefined, { timeout: 120_000, ...options });
  const start = (name, args, context) => {
    const controller = new AbortController();
    const ended = call(name, args, context, { signal: controller.signal }).catch(() => undefined);
    return { stop: () => { controller.abort('enough'); return ended; }, ended };
  };
  return { server, front, client, call, start, folder };
}

/** Two turns: what goes well, what fails, what takes too long; one call behind another, one in another thread. */
export async function tellStory(t, options) {
  const story = await openStory(t, options);
  const { call, folder } = story;
  const thought = (reasoning_chain) => ({ reasoning_chain });
  await call('everything__echo', { message: 'plan: read, add, build' }, { turn_index: 0, tool_call_id: 'c-echo', thought: thought('Plan the work.\nFirst look at what there is.') });
  await Promise.all([
    call('everything__get-sum', { a: 19, b: 23 }, { turn_index: 0, tool_call_id: 'c-sum', depends_on: ['c-echo'] }),
    call('everything__trigger-long-running-operation', { duration: 1, steps: 2 }, { turn_index: 0, tool_call_id: 'c-long', parent_tool_call_id: 'c-echo' }),
  ]);
  await call('files__read_text_file', { path: `${folder}/Makefile` }, { turn_index: 1, tool_call_id: 'c-missing', thought: thought('Read the Makefile before building.') });
  await call('slow__trigger-long-running-operation', { duration: 30, steps: 3 }, { turn_index: 1, tool_call_id: 'c-late' });
  await call('everything__get-tiny-image', {}, { turn_index: 2, tool_call_id: 'c-image', thread_id: 'review', thought: thought('Look at the picture meanwhile.') });
  return story;
}
