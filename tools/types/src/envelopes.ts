// SAOP envelopes, as they are recorded and streamed: `/trace/stream`, `/stream`,
// `/agent-console/stream`, `/trace/replay`.
//
// The orchestrator's own are complete. A host that publishes may leave out whatever is
// optional here, add members of its own, and use types of its own.

import type { EventId, JsonObject } from './wire.js';

interface EnvelopeHead<Type extends string> {
  type: Type;
  schema_version?: string;
  turn_index?: number;
  /** Nanoseconds since 1970, as a string: they do not fit a number. */
  timestamp_ns?: string;
  agent_id?: string;
  agent_role?: string;
  session_id?: string;
  task_id?: string;
  thread_id?: string;
  trace_id?: string;
  span_id?: string;
  parent_span_id?: string;
  /** Of the parallel turn it was unfolded from. */
  parallel_turn_index?: number;
}

export interface ThoughtEnvelope extends EnvelopeHead<'thought'> {
  thought_id?: string;
  payload: {
    analysis?: {
      observation_reflection?: string;
      state_assessment?: string;
      reasoning_chain: string;
    };
    intent?: { current_strategy: string; predicted_outcome: string; requirement_id?: string };
    telemetry?: {
      confidence: number;
      estimated_complexity: 'low' | 'medium' | 'high';
      token_usage_hint?: number;
    };
    content?: string;
  };
}

export interface ActionEnvelope extends EnvelopeHead<'action'> {
  tool_call_id: string;
  call_index?: number;
  source_thought_id?: string;
  payload: {
    tool_call: {
      tool_call_id?: string;
      tool_name: string;
      arguments: JsonObject;
      /** `builtin` for tools of the process itself. */
      server?: string;
      upstream_tool?: string;
      timeout_ms?: number;
      depends_on?: string[];
      parent_tool_call_id?: string;
      jsonrpc_request_id?: string;
    };
  };
}

export type ObservationStatus =
  | 'SUCCESS'
  | 'TOOL_ERROR'
  | 'VALIDATION_FAILED'
  | 'UPSTREAM_UNAVAILABLE'
  | 'TIMEOUT_EXCEEDED'
  | 'ACCESS_DENIED'
  | 'UNKNOWN_TOOL'
  | 'CANCELLED'
  | 'ABANDONED';

export interface ObservationMetadata {
  status?: ObservationStatus;
  tool_name?: string;
  server?: string;
  /** Absent when nobody knows: the orchestrator stopped before the result came. */
  executed?: boolean;
  is_error?: boolean;
  truncated?: boolean;
  original_bytes?: number;
  timeout_ms?: number;
  elapsed_ms?: number;
  cancelled_by?: string;
  recovered?: boolean;
  duration_is_lower_bound?: boolean;
  redaction_failed?: boolean;
}

export interface ObservationEnvelope extends EnvelopeHead<'observation'> {
  tool_call_id: string;
  call_index?: number;
  exit_code: number;
  stdout: string;
  stderr: string;
  encoding?: 'utf8' | 'base64';
  duration_ms: number;
  metadata?: ObservationMetadata;
  payload?: {
    observation: { status: ObservationStatus; tool_name: string; stdout: string; stderr: string };
    result: {
      /** At most 2048 bytes; the whole is the envelope's own `stdout`. */
      stdout: string;
      is_error: boolean;
      content: JsonObject[];
      structured_content?: unknown;
      errors?: { path: string; rule: string; message: string }[];
    };
  };
}

interface NamedPayloads {
  hitl: {
    HITL_GATE_REQUIRED: {
      gate_id: string;
      reason?: string;
      priority?: 'BLOCKING' | 'ADVISORY';
      tool_name?: string;
      arguments?: JsonObject;
      timeout_ms?: number;
      expires_at?: string;
    };
    HITL_GATE_RESOLVED: {
      gate_id: string;
      resolution?: 'approved' | 'rejected' | 'timeout' | 'cancelled' | 'abandoned';
      by?: string;
      feedback?: string;
    };
    USER_CLARIFICATION_REQUIRED: { gate_id?: string; question: string; options?: unknown[] };
  };
  lifecycle: {
    TASK_STARTED: { status?: string; title?: string };
    TASK_PROGRESS: {
      status?: string;
      progress?: number;
      message?: string;
      step?: string | number;
      sequence?: number;
      total_steps?: number;
      payload?: JsonObject;
      context?: JsonObject;
    };
    TASK_INPUT_REQUIRED: { status?: string; gate_id?: string };
    TASK_COMPLETED: { status?: string; result?: unknown };
    TASK_FAILED: { status?: string; error?: string };
    TASK_CANCELLED: { status?: string; reason?: string };
    SESSION_STARTED: { client_name?: string; protocol_version?: string };
    SESSION_ENDED: { reason?: string };
    ORCHESTRATOR_PAUSED: { active_agent_ids: string[] };
    ORCHESTRATOR_RESUMED: { active_agent_ids: string[] };
  };
  system: {
    UPSTREAM_DOWN: { server: string; reason: string };
    UPSTREAM_UP: { server: string };
    TOOLS_CHANGED: { server: string; added: string[]; removed: string[] };
    RECORDER_GAP: { from: EventId; to: EventId; reason: string };
  };
}

type Named<Type extends keyof NamedPayloads, Event extends keyof NamedPayloads[Type]> =
  EnvelopeHead<Type> & { payload: { event: Event } & NamedPayloads[Type][Event] };

/** Of one event, or of any: `HitlEnvelope<'HITL_GATE_REQUIRED'>`. */
export type HitlEnvelope<Event extends keyof NamedPayloads['hitl'] = keyof NamedPayloads['hitl']> =
  { [E in Event]: Named<'hitl', E> }[Event];
export type LifecycleEnvelope<
  Event extends keyof NamedPayloads['lifecycle'] = keyof NamedPayloads['lifecycle'],
> = { [E in Event]: Named<'lifecycle', E> }[Event];
export type SystemEnvelope<Event extends keyof NamedPayloads['system'] = keyof NamedPayloads['system']> =
  { [E in Event]: Named<'system', E> }[Event];

/** What a turn of an agent leaves: these come as events without a name. */
export type TurnEnvelope = ThoughtEnvelope | ActionEnvelope | ObservationEnvelope;
export type Envelope = TurnEnvelope | HitlEnvelope | LifecycleEnvelope | SystemEnvelope;

type HitlEvents = { [E in keyof NamedPayloads['hitl']]: HitlEnvelope<E> };

/** `/trace/stream`, `/stream` */
export type TraceEvents = { message: TurnEnvelope } & HitlEvents & {
  [E in keyof NamedPayloads['lifecycle']]: LifecycleEnvelope<E>;
} & { [E in keyof NamedPayloads['system']]: SystemEnvelope<E> };

/** `/trace/replay`: ends by itself. */
export type ReplayEvents = TraceEvents & { replay_end: ReplayEnd };
export interface ReplayEnd {
  from: EventId;
  to: EventId;
}

export interface Annotation {
  semantic_class: 'thought' | 'action' | 'observation';
  /** `#A8D8EA` */
  highlight_color: string;
  display: { summary: string; icon: string };
}
export type AnnotatedEnvelope = TurnEnvelope & Annotation;

/** `/agent-console/stream` */
export type ConsoleEvents = { message: AnnotatedEnvelope } & HitlEvents;
