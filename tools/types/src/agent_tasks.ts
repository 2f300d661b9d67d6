// Tasks of agents: `/agent-to-agent/...`, `/tasks/...`, `/observability/...`.

import type { Envelope } from './envelopes.js';
import type { EventId, IsoTime, JsonObject } from './wire.js';

export type TaskStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'hitl_waiting';
export type HookEventType = 'agent.started' | 'agent.progress' | 'task.completed' | 'task.failed';

/** Whose step it was. What is unknown is the nil UUID for ids, `""` for names. */
export interface AgentContext {
  orgSlug: string;
  userId: string;
  conversationId: string;
  taskId: string;
  planId: string;
  deliverableId: string;
  agentSlug: string;
  agentType: string;
  provider: string;
  model: string;
  sovereignMode?: boolean;
}

// --- `GET /agent-to-agent/{org}/{agent}/tasks/{taskId}/stream`

export interface TaskStreamEvents {
  message: TaskStreamConnected;
  agent_stream_chunk: AgentStreamChunk;
  agent_stream_complete: AgentStreamComplete;
  agent_stream_error: AgentStreamError;
  task_progress: TaskProgress;
}

/** First, without an id. */
export interface TaskStreamConnected {
  event_type: 'connected';
  taskId: string;
  message: string;
}

interface AgentStreamHead {
  context: AgentContext;
  streamId: string;
  mode: string;
  userMessage: string;
  timestamp: IsoTime;
}

export interface AgentStreamChunk extends AgentStreamHead {
  chunk: {
    /** `partial`: output of a tool; `progress`: a step; `final`: the result. */
    type: 'partial' | 'final' | 'progress';
    content: string;
    metadata: {
      progress?: number;
      step?: string;
      message?: string;
      status: TaskStatus;
      hookEventType: HookEventType;
      /** Of a partial chunk: the observation; of a webhook: what it sent. */
      payload: JsonObject;
      sequence?: number;
      totalSteps?: number;
    };
  };
}

/** After the final chunk; then the response ends. */
export interface AgentStreamComplete extends AgentStreamHead {
  type: 'complete';
}

/** Failed or cancelled; then the response ends. */
export interface AgentStreamError extends AgentStreamHead {
  type: 'error';
  error: string;
}

/** Follows the chunk of the same step. */
export interface TaskProgress {
  context: AgentContext;
  progress?: number;
  message?: string;
  status: TaskStatus;
  timestamp: IsoTime;
}

// --- `GET /tasks/{taskId}/progress`

export interface TaskProgressEvents {
  message: TaskState;
}

export interface TaskState {
  taskId: string;
  status: TaskStatus;
  progress?: number;
  message?: string;
  timestamp: IsoTime;
}

// --- `GET /observability/stream`, `GET /observability/history`

export interface AdminEvents {
  message: AdminRecord;
}

export interface AdminRecord {
  context: AgentContext;
  source_app: 'mcp-orchestrator';
  /** A `HookEventType`, or the name or type of another entry. */
  hook_event_type: string;
  status?: TaskStatus;
  message?: string;
  progress?: number;
  step?: string;
  payload: Envelope;
  /** Milliseconds since 1970. */
  timestamp: number;
}

export interface ObservabilityHistory {
  events: AdminRecord[];
  count: number;
}

// --- requests and answers

/** `POST /agent-to-agent/{org}/{agent}/tasks`, plain or as `params` of JSON-RPC. */
export interface TaskOrder {
  taskId?: string;
  conversationId?: string;
  streamId?: string;
  mode?: string;
  userMessage?: string;
  title?: string;
  /** With it the task is that one call; without, it is driven from outside. */
  tool?: string;
  arguments?: JsonObject;
  metadata?: JsonObject;
}

/** Its 201. */
export interface TaskCreated {
  success: true;
  mode: string;
  payload: {
    content: { taskId: string; status: 'pending' };
    metadata: {
      streamEndpoint: string;
      streamTokenEndpoint: string;
      streaming: {
        streamEndpoint: string;
        streamTokenEndpoint: string;
        streamUrl: string;
        streamTokenUrl: string;
        streamId: string;
        conversationId: string;
      };
    };
  };
}

/** `POST .../tasks/{taskId}/complete` */
export interface TaskEnd {
  status: 'completed' | 'failed';
  result?: unknown;
  error?: string;
}

/** `PUT /tasks/{taskId}/progress` */
export interface ProgressReport {
  progress: number;
  message?: string;
  step?: string;
}

/** `POST /webhooks/status`, always answered 204. */
export interface StatusWebhook {
  taskId: string;
  status: string;
  context: AgentContext;
  message?: string;
  progress?: number;
  step?: string;
  sequence?: number;
  totalSteps?: number;
  payload?: JsonObject;
}

/** 200 of an end, a cancel, a progress report. */
export interface TaskDone {
  success: true;
  message?: string;
}

/** `GET /tasks/{taskId}/status` */
export interface TaskSummary {
  taskId: string;
  userId: string;
  status: TaskStatus;
  progress: number;
  result?: unknown;
  error?: string;
  metadata?: JsonObject;
  createdAt: IsoTime;
  updatedAt: IsoTime;
  taskType: string;
}

/** `GET /tasks/{taskId}` */
export interface TaskDetail extends TaskSummary {
  title: string;
  message: string;
  orgSlug: string;
  agentSlug: string;
  conversationId: string;
  streamId: string;
  mode: string;
  userMessage: string;
}

/** `GET /tasks`, `GET /tasks/active` */
export interface TaskList {
  tasks: TaskSummary[];
  total: number;
  limit: number;
  offset: number;
}

/** `GET /tasks/metrics` */
export type TaskCounts = { [Status in TaskStatus]: number } & { total: number };

/** One of `GET /tasks/{taskId}/messages?since=&limit=`, oldest first. */
export interface TaskMessage {
  id: EventId;
  taskId: string;
  userId: string;
  content: string;
  messageType: 'progress' | 'status' | 'info' | 'warning' | 'error';
  progressPercentage?: number;
  metadata: JsonObject;
  createdAt: IsoTime;
  expiresAt: IsoTime;
}

/** `GET /agent-to-agent/{org}/{agent}/health` */
export interface AgentHealth {
  ok: true;
  service: 'mcp-orchestrator';
  organization: string;
  agent: string;
  timestamp: IsoTime;
}
