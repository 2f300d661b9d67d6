import type { TaskMessage, TaskStreamEvents, TaskSummary } from './agent_tasks.js';
import { askJson, type HeaderSource } from './http.js';
import { StreamClient } from './stream_client.js';
import type { Polled, PollSupplier, StreamOptions } from './stream_options.js';
import { mint, type TokenSupplier } from './stream_tokens.js';
import type { EventId } from './wire.js';

export interface TaskCoordinates {
  /** `http://127.0.0.1:3100` */
  server: string | URL;
  org: string;
  agent: string;
  taskId: string;
}

/** Instead of the stream's own events, while it cannot be had. */
export interface PolledTaskEvents {
  /** One entry of the task; its `id` is the entry's. */
  polled_message: TaskMessage;
  /** When it differs from what was polled before. */
  polled_status: TaskSummary;
}

export interface TaskStreamOptions extends Omit<StreamOptions, 'url' | 'fresh' | 'endsWith' | 'partial' | 'poll'> {
  /** False: no polling. */
  polling?: boolean;
}

/**
 * A client of one task's stream; it is over when the task has ended. With `headers` a stream
 * token is made before every connect, unless `token` makes them; without either the house is open.
 */
export function taskStream(
  task: TaskCoordinates,
  options: TaskStreamOptions = {},
): StreamClient<TaskStreamEvents & PolledTaskEvents> {
  const { polling = true, ...rest } = options;
  const token = options.token ?? (options.headers ? taskTokens(task, options.headers) : undefined);
  return new StreamClient({
    ...rest,
    url: taskUrl(task, 'stream'),
    fresh: 'history',
    endsWith: ['agent_stream_complete', 'agent_stream_error'],
    partial: ['agent_stream_chunk'],
    ...(token ? { token } : {}),
    ...(polling ? { poll: taskPoll(task, options.headers) } : {}),
  });
}

/** Tokens of `POST .../stream-token`, for this task alone. */
export function taskTokens(task: TaskCoordinates, headers?: HeaderSource): TokenSupplier {
  return (signal) => mint(taskUrl(task, 'stream-token'), {}, signal, headers);
}

function taskUrl({ server, org, agent, taskId }: TaskCoordinates, what: string): URL {
  const [o, a, t] = [org, agent, taskId].map(encodeURIComponent);
  return new URL(`/agent-to-agent/${o}/${a}/tasks/${t}/${what}`, server);
}

const kPage = 100;
const ended = ['completed', 'failed', 'cancelled'];

function taskPoll({ server, taskId }: TaskCoordinates, headers?: HeaderSource): PollSupplier {
  const base = `/tasks/${encodeURIComponent(taskId)}`;
  let seen = '';
  return async (since, signal) => {
    // The status first: when it says that all is over, the messages after it are all there are.
    const status = await askJson<TaskSummary>(new URL(`${base}/status`, server), { signal }, headers);
    const events: Polled['events'] = [];
    let last: EventId | undefined = since;
    for (let full = true; full; ) {
      const url = new URL(`${base}/messages?limit=${kPage}`, server);
      if (last !== undefined) url.searchParams.set('since', last);
      const page = await askJson<TaskMessage[]>(url, { signal }, headers);
      for (const data of page) events.push({ name: 'polled_message', data, id: data.id });
      last = page.at(-1)?.id ?? last;
      full = page.length === kPage;
    }
    const now = JSON.stringify(status);
    if (now !== seen) events.push({ name: 'polled_status', data: status });
    seen = now;
    return { events, over: ended.includes(status.status) };
  };
}
