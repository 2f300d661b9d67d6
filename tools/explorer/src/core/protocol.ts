// What the page and its worker say to each other.
//
// The worker holds everything: bodies, columns, the connection. It rings (`Tick`, at most one
// per animation frame and only when something changed); the page then pulls what is on screen
// (`Asks`). Nobody pushes rows.

/** `<epoch>-<sequence>`; empty for what has none (rows of a file without ids). */
export type EventId = string;

/** Three stores that never mix: the server's log, an imported file, a replay. */
export type Source = 'live' | 'file' | 'replay';

/** `mark`: gap, reset, evicted, goodbye, oversize: what the stream says of itself. */
export type RowKind = 'thought' | 'action' | 'observation' | 'lifecycle' | 'hitl' | 'system' | 'graph' | 'channel' | 'mark' | 'other';

export interface Row {
  /** Identity in its store; ascending is bus order, and never reused. */
  row: number;
  id: EventId;
  kind: RowKind;
  /** Of an entry with a name (`TASK_STARTED`, `edge_created`), of a mark (`gap`). */
  name: string;
  /** Since 1970, with a fraction; the arrival when `stamped` is false. */
  timeMs: number;
  stamped: boolean;
  /** Empty: none. */
  task: string;
  session: string;
  thread: string;
  agent: string;
  role: string;
  tool: string;
  server: string;
  /** -1: none. */
  turn: number;
  /** saop.md 4.4; `running`: an action whose observation has not come; empty: has none. */
  status: string;
  failed: boolean;
  exit: number | null;
  /** Of the call; null: not known (yet). */
  durationMs: number | null;
  /** Of the body, in bytes. */
  size: number;
  /** One line, at most 200 characters, raw text. */
  summary: string;
  /** The observation of an action and the other way round; -1: none here. */
  pair: number;
  /** False: the body has left memory, `entry` fetches it by id. */
  hasBody: boolean;
  /** Only where the ask said `dim`: the filter does not admit it. */
  dim?: boolean;
}

export type ConnectionState =
  | 'off' | 'connecting' | 'catching_up' | 'live' | 'stale' | 'retrying' | 'full' | 'offline' | 'auth' | 'failed' | 'polling' | 'file' | 'replay';

export interface Connection {
  state: ConnectionState;
  /** Words for people, with the status code and the server's own reason. */
  reason: string;
  transport: 'fetch' | 'eventsource' | 'poll';
  role: 'leader' | 'follower' | 'alone';
  tabs: number;
  /** Date.now() of the last byte; 0: none yet. */
  lastByteAt: number;
  /** Date.now() of the next try; 0: none is due. */
  nextTryAt: number;
  tries: number;
  /** While catching up: entries had, and to be had. */
  caughtUp: number;
  catchUpTo: number;
  lastId: EventId;
}

export interface Tick {
  /** Grows with each change of what `Asks` would answer. */
  version: number;
  /** In memory now. */
  rows: number;
  bodyBytes: number;
  /** Since the start; never shrinks. */
  received: number;
  evicted: number;
  traces: number;
  errors: number;
  gaps: number;
  running: number;
  /** Over the last few seconds. */
  perSecond: number;
  connection: Connection;
  /** Where a replay is: so many of its entries have been, the last at that time. Since it began so many came live, and left memory. */
  replay?: { at: number; of: number; timeMs: number; plays: boolean; came: number; left: number } | undefined;
}

/** Worth a toast, when the person wants one. `count` merges what came together. */
export interface Notice {
  kind: 'trace' | 'error' | 'stale' | 'gate' | 'info';
  text: string;
  task: string;
  row: number;
}

/** A stretch of a list. Indexes count matches since the start: eviction moves `first`, not rows. */
export interface Stretch<Item> {
  first: number;
  end: number;
  /** Index of items[0]. */
  at: number;
  items: Item[];
  /** All that the store holds, matching or not. */
  of: number;
  /** How many match, where the ask said `dim`. */
  matches?: number;
  /** A text filter has looked at everything up to `end`. */
  complete: boolean;
  /** Of a filter's terms, those that mean nothing: start, end, why. */
  bad: { from: number; to: number; why: string }[];
  /** Keys of a filter that mean nothing in most logs, and something in this one. */
  extras: ('cost' | 'quality')[];
}

export interface StretchOf {
  source: Source;
  filter: string;
  /** -1: the last `count`. */
  from: number;
  count: number;
  /** Rows after this one do not exist (paused); -1: all. */
  through: number;
  /** Rows up to this one are not in it (cleared); of traces, those that ended by then. */
  after?: number;
  /** What does not match is in it too, as `Row.dim`. */
  dim?: boolean;
}

export interface TraceRow {
  /** task_id; without one trace_id, then session_id. */
  task: string;
  session: string;
  agent: string;
  firstRow: number;
  lastRow: number;
  startMs: number;
  lastMs: number;
  calls: number;
  running: number;
  errors: number;
  thoughts: number;
  /** The most recent tool. */
  tool: string;
  status: 'running' | 'error' | 'ok' | 'cancelled';
  /** A gap lies inside. */
  incomplete: boolean;
}

/** The rows of one trace in bus order; core/tree.ts makes its tree of them. */
export interface TraceRows {
  summary: TraceRow;
  /** Another one when anything of it is. */
  stamp: string;
  /** Rows that were here and have left memory. */
  left: number;
  /** Of the ids. */
  epoch: string;
  rows: Uint32Array;
  /** Of each of `rows`, as in worker/columns.ts. */
  columns: Record<'sequence' | 'time' | 'duration' | 'call', Float64Array> & Record<'who' | 'what' | 'name', Uint32Array> &
    Record<'turn' | 'exit' | 'pair', Int32Array> & Record<'kind' | 'status' | 'flags', Uint8Array>;
  /** What the numbers in three of the columns mean. */
  who: ReadonlyMap<number, { task: string; thread: string }>;
  what: ReadonlyMap<number, { tool: string; server: string }>;
  names: ReadonlyMap<number, string>;
  /** By row: the number of the call that made it (0: none), then those of the calls it waits for. */
  links: ReadonlyMap<number, readonly number[]>;
}

export interface Entry {
  row: Row;
  /** Verbatim; null: nowhere any more, `gone` says since when or why. */
  body: string | null;
  gone: string;
  topics: string[];
}

export interface ToolRow {
  tool: string;
  server: string;
  calls: number;
  running: number;
  errors: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
  lastMs: number;
}

/** Per bucket; the newest last. */
export interface Rates {
  bucketMs: number;
  startMs: number;
  envelopes: number[];
  calls: number[];
  errors: number[];
  p50: (number | null)[];
  p95: (number | null)[];
}

export interface Health {
  transport: string;
  role: string;
  rows: number;
  bodyBytes: number;
  evicted: number;
  parseMs: number;
  gaps: number;
  /** The last 20, newest first. */
  reconnects: { at: number; cause: string; sentId: EventId; firstId: EventId }[];
}

/** Also those the filter does not admit: a call is exported whole when either of its ends matches. */
export interface ExportItem {
  row: Row;
  /** Null: it has left memory. */
  body: string | null;
  matches: boolean;
}

export type ExportFormat = 'ndjson' | 'json' | 'otlp' | 'chrome' | 'har' | 'csv';

/** Each ask and its answer. */
export interface Asks {
  rows: { ask: StretchOf; answer: Stretch<Row> };
  traces: { ask: StretchOf; answer: Stretch<TraceRow> };
  /** Of those rows, as far as they are here. */
  some: { ask: { source: Source; rows: readonly number[] }; answer: Row[] };
  /** null: nothing of that task (or trace id) is here; undefined: it is as it was at that stamp. */
  trace: { ask: { source: Source; task: string; had?: string }; answer: TraceRows | null | undefined };
  /** Of a trace's rows those that the filter admits; null: it admits all. */
  admitted: { ask: { source: Source; task: string; filter: string }; answer: number[] | null };
  /** By row (-1: by id). */
  entry: { ask: { source: Source; row: number; id: EventId }; answer: Entry | null };
  tools: { ask: { source: Source; sinceMs: number }; answer: ToolRow[] };
  rates: { ask: { source: Source; buckets: number; bucketMs: number; tool: string }; answer: Rates };
  /** Values of a member for completion, most frequent first, at most 20. */
  values: { ask: { source: Source; key: string; prefix: string }; answer: string[] };
  /** Next row with an error after (`back`: before) that row, under the filter; -1: none. */
  nextError: { ask: { source: Source; filter: string; row: number; back: boolean }; answer: number };
  /** The index of a row in the list of that filter; -1: not in it. */
  indexOf: { ask: { source: Source; filter: string; row: number }; answer: number };
  /** 1000 entries older than the oldest in memory; how many came. */
  older: { ask: { count: number }; answer: number };
  /** Reloads the newest history without touching the stream. */
  refresh: { ask: Record<string, never>; answer: number };
  /** Rows for an export, some at a time, from that row on (-1: the first); `next` -1: there are no more. */
  export: { ask: { source: Source; filter: string; task: string; from: number }; answer: { items: ExportItem[]; next: number } };
  /** Rows read, lines that could not be (by number), a torn last line. */
  import: { ask: { file: Blob; name: string }; answer: { rows: number; bad: number[]; note: string } };
  health: { ask: Record<string, never>; answer: Health };
}

/** Said by the page; answered by nothing but what changes in `Tick`. */
export type Command =
  /** First of all. `base` is the absolute address of the page's folder, ends in '/'; empty: no server. */
  | { do: 'start'; base: string; hasLocks: boolean; eventSource: boolean }
  | { do: 'live'; on: boolean }
  /** Now, and with the backoff at its start. */
  | { do: 'reconnect' }
  | { do: 'take_over' }
  /** A stream token for those topics; null: none is known to be wanted. Answers `needs: token`. */
  | { do: 'token'; token: string | null; expiresAt: number; topics: string[] }
  /** No token can be had: why, for people. */
  | { do: 'no_token'; status: number; reason: string }
  /** Answers `needs: get`. `status` 0: no answer came, `text` says why. */
  | { do: 'got'; n: number; status: number; text: string }
  | { do: 'online'; online: boolean }
  | { do: 'visible'; visible: boolean }
  /**
   * `filter`: what is replayed, as it is when that is first said. `at`: so many entries have been
   * (-1: as many as now) and `step` more. `speed` 0: stand still; -1: as it was.
   */
  | { do: 'replay'; on: boolean; from: 'live' | 'file'; filter: string; at: number; step: number; speed: number };

export type ToWorker =
  | Command
  | { ask: keyof Asks; n: number; args: Asks[keyof Asks]['ask'] };

/** What only the page can give. */
export type Need = Extract<FromWorker, { needs: string }>;

export type FromWorker =
  | { tick: Tick }
  | { notices: Notice[] }
  /** The worker never sees the bearer: the page mints, and answers with `token` or `no_token`. */
  | { needs: 'token'; after: 'start' | 'expired' | 'refused'; topics: string[] }
  /** Relative to `base`, asked with the bearer; the answer is `got`. */
  | { needs: 'get'; n: number; path: string }
  | { n: number; answer: Asks[keyof Asks]['answer'] }
  | { n: number; failed: string };
