// The trace explorer: `/api/analytics/traces/...`.

import type { ControlEvents, IsoTime } from './wire.js';

/** A span. What is not known is null. */
export interface TraceRow {
  id: string;
  user_id: string;
  conversation_id: string | null;
  message_id: string | null;
  trace_id: string;
  parent_trace_id: string | null;
  span_id: string | null;
  span_name: string;
  start_time: IsoTime | null;
  end_time: IsoTime | null;
  duration_ms: number | null;
  /** `tool_call`, `thought`, `task`, or what was sent. */
  operation_type: string;
  model_name: string | null;
  model_provider: string | null;
  input_data: unknown;
  output_data: unknown;
  metadata: unknown;
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
  cost_usd: number | null;
  /** `running`, `completed`, `failed`, `cancelled`, or what was sent. */
  status: string | null;
  error_message: string | null;
  error_type: string | null;
  created_at: IsoTime | null;
  updated_at: IsoTime | null;
  ttft_ms: number | null;
  tokens_per_second: number | null;
  session_tag: string | null;
}

/** What changed of the row with that `id`; the rest stays. */
export type TraceRowChange = Pick<TraceRow, 'id'> & Partial<TraceRow>;

type ExplorerControl = {
  [Name in keyof ControlEvents]: { type: Name; timestamp: IsoTime; data: ControlEvents[Name] };
}[keyof ControlEvents];

export type ExplorerMessage =
  | { type: 'connected' | 'subscribed' | 'error'; timestamp: IsoTime; message: string }
  | { type: 'trace'; timestamp: IsoTime | null; data: TraceRow }
  | { type: 'trace_update'; timestamp: IsoTime | null; data: TraceRowChange }
  | { type: 'ping'; timestamp: IsoTime }
  | ExplorerControl;

/**
 * `GET /api/analytics/traces/stream`: everything is a `message`, control events too; a StreamClient
 * with `wrappedBy: 'type'` tells those by their names.
 */
export interface ExplorerEvents {
  message: ExplorerMessage;
}

/** One row for a whole trace. */
export type TraceRollup = Omit<TraceRow, 'input_data' | 'output_data'> & {
  span_count: number;
  error_count: number;
};

/** `GET /api/analytics/traces/list`; of spans: `GET /api/analytics/traces` */
export interface TracesPage<Row = TraceRollup> {
  traces: Row[];
  total: number;
  limit: number;
  offset: number;
}

/** 201 of `POST /api/analytics/traces` */
export interface SpanTaken {
  id: string;
}
