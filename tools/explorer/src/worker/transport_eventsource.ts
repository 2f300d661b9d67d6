// The stream by `EventSource`, where `fetch` cannot stream or by setting. It hides comments, so
// heartbeats are not seen, and statuses, so HEAD is asked for those first. Names must be known
// to be heard: others than these are not.

import type { Transport, TransportSink } from './transport.ts';
import { askHead } from './transport_fetch.ts';

const kNames = `message error gap reset evicted goodbye envelope_oversize replay_end
HITL_GATE_REQUIRED HITL_GATE_RESOLVED USER_CLARIFICATION_REQUIRED
TASK_STARTED TASK_PROGRESS TASK_INPUT_REQUIRED TASK_COMPLETED TASK_FAILED TASK_CANCELLED
SESSION_STARTED SESSION_ENDED ORCHESTRATOR_PAUSED ORCHESTRATOR_RESUMED UPSTREAM_DOWN UPSTREAM_UP TOOLS_CHANGED RECORDER_GAP
graph_synced edge_created edge_updated workflow_executed metrics_updated
utterance phase_transition intervention_submitted intervention_response pause resume complete`.split(/\s+/);

async function readStream(url: string, sink: TransportSink, signal: AbortSignal): Promise<void> {
  const head = await askHead(url, signal);
  await new Promise<void>((ended) => {
    const source = new EventSource(url);
    const end = (): void => {
      source.close();
      ended();
    };
    signal.addEventListener('abort', end, { once: true });
    source.onopen = () => {
      sink.opened(head);
      sink.byte();
    };
    let last = '';
    const encoder = new TextEncoder();
    for (const name of kNames) {
      source.addEventListener(name, (event) => {
        // An event of the server that is named `error` has data; a line that broke has none.
        if (!(event instanceof MessageEvent)) return name === 'error' ? end() : undefined;
        if (signal.aborted) return;
        const id = event.lastEventId === last ? null : event.lastEventId;
        last = event.lastEventId;
        sink.byte();
        sink.frame({ id, name: name === 'message' ? '' : name, data: encoder.encode(String(event.data)) });
        sink.flush();
      });
    }
  });
}

export const eventSourceTransport: Transport = { kind: 'eventsource', head: askHead, read: readStream };
