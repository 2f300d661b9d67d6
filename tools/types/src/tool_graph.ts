// The tool graph: `/events/stream` and its questions.

import type { EventId, IsoTime } from './wire.js';

export type EdgeType = 'dependency' | 'contains' | 'provides' | 'sequence' | 'other';
export type EdgeSource = 'inferred' | 'observed' | 'template' | 'other';

/** `GET /events/stream` */
export interface GraphEvents {
  connected: GraphConnected;
  graph_synced: GraphSynced;
  edge_created: EdgeCreated;
  edge_updated: EdgeUpdated;
  workflow_executed: WorkflowExecuted;
  metrics_updated: MetricsUpdated;
  heartbeat: GraphHeartbeat;
}

export interface GraphConnected {
  client_id: string;
  connected_clients: number;
  timestamp: IsoTime;
}
export interface GraphSynced {
  node_count: number;
  edge_count: number;
  sync_duration_ms: number;
  timestamp: IsoTime;
}
export interface EdgeCreated {
  from_tool_id: string;
  to_tool_id: string;
  confidence_score: number;
  timestamp: IsoTime;
  observed_count: number;
  edge_type: EdgeType;
  edge_source: EdgeSource;
}
export interface EdgeUpdated {
  from_tool_id: string;
  to_tool_id: string;
  old_confidence: number;
  new_confidence: number;
  observed_count: number;
  timestamp: IsoTime;
  edge_type: EdgeType;
  edge_source: EdgeSource;
}
export interface WorkflowExecuted {
  workflow_id: string;
  tool_ids: string[];
  success: boolean;
  execution_time_ms: number;
  timestamp: IsoTime;
}
export interface ToolScore {
  tool_id: string;
  score: number;
}
export interface MetricsUpdated {
  edge_count: number;
  node_count: number;
  density: number;
  pagerank_top_10: ToolScore[];
  communities_count: number;
  timestamp: IsoTime;
}
export interface GraphHeartbeat {
  connected_clients: number;
  uptime_seconds: number;
  timestamp: IsoTime;
}

/** `GET /api/graph/snapshot`; the stream goes on from `last_id`. */
export interface GraphSnapshot {
  nodes: {
    id: string;
    label: string;
    server: string;
    pagerank: number;
    degree: number;
    community_id: number;
  }[];
  edges: {
    source: string;
    target: string;
    confidence: number;
    observed_count: number;
    edge_type: EdgeType;
    edge_source: EdgeSource;
  }[];
  metadata: { total_nodes: number; total_edges: number; density: number; last_updated: IsoTime };
  last_id: EventId;
}
/** `GET /api/graph/path`; none: `[]` and -1. */
export interface GraphPath {
  path: string[];
  total_hops: number;
  from: string;
  to: string;
}
/** `GET /api/graph/related` */
export interface RelatedTools {
  tool_id: string;
  related: ToolScore[];
}
/** `GET /api/graph/neighbors` */
export interface ToolNeighbors {
  node_id: string;
  neighbors: { id: string; direction: 'in' | 'out'; confidence: number }[];
}
/** `GET /api/graph/community` */
export interface ToolCommunity {
  node_id: string;
  community_id: number;
  member_count: number;
  members: { id: string; pagerank: number }[];
}
export interface TimePoint {
  t: IsoTime;
  v: number;
}
/** `GET /api/metrics` */
export interface GraphMetrics {
  range: '1h' | '24h' | '7d';
  current: {
    node_count: number;
    edge_count: number;
    density: number;
    communities_count: number;
    avg_confidence: number;
    pagerank_top_10: ToolScore[];
  };
  timeseries: { edge_count: TimePoint[]; avg_confidence: TimePoint[]; workflow_rate: TimePoint[] };
  period: { workflows: number; success_rate: number; new_edges: number; new_nodes: number };
}
/** `GET /api/graph/stats` */
export interface GraphStats {
  connected_clients: number;
  uptime_seconds: number;
}
