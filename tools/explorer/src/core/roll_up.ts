// What a trace comes to: a sum over its rows that are in memory. Rows may come in any order and
// leave again; what is left is always what adding the rest alone would give.

import type { TraceRow } from './protocol.ts';
import { kAction, kObservation, kThought } from './types.ts';

/** What one row adds. */
export interface Part {
  row: number;
  timeMs: number;
  kind: number;
  name: string;
  failed: boolean;
  cancelled: boolean;
  tool: string;
}

const kEnds = new Map<string, TraceRow['status']>([['TASK_COMPLETED', 'ok'], ['TASK_FAILED', 'error'], ['TASK_CANCELLED', 'cancelled']]);

// Spans whose cost a trace remembers one by one; what came before these is a sum.
const kMostSpans = 1 << 16;
type Told = readonly [cost: number | null, quality: number | null];
type Sum = readonly [cost: number, best: number];
const added = ([sum, best]: Sum, [cost, quality]: Told): Sum =>
  [cost === null ? sum : (sum || 0) + cost, quality === null || best > quality ? best : quality];

let changes = 0;

export class TraceState {
  /** Key of the trace: task, else trace id, else session. */
  readonly key: string;
  traceId = '';
  session = '';
  agent = '';
  /** The lists show traces by the first row that made them. */
  order: number;
  firstRow: number;
  lastRow: number;
  startMs = Infinity;
  lastMs = -Infinity;
  rows = 0;
  /** Of its last change; no other change of any trace has this number. */
  change = 0;
  /** Rows that were here and have left. */
  left = 0;
  calls = 0;
  running = 0;
  errors = 0;
  cancelled = 0;
  thoughts = 0;
  tool = '';
  /** What spans say of themselves, by the number of their id: USD, and a score. */
  #told: Map<number, Told> | undefined;
  /** Of those that are forgotten; and of all, undefined: to be summed anew. */
  #past: Sum = [NaN, NaN];
  #sum: Sum | undefined;
  #toolRow = -1;
  #end: TraceRow['status'] | '' = '';
  #endRow = -1;

  constructor(key: string, row: number) {
    this.key = key;
    this.order = this.firstRow = this.lastRow = row;
  }

  /** `again`: it may be one of those that had left. */
  add(part: Part, again: boolean): void {
    this.#count(part, 1);
    if (again && this.left > 0) --this.left;
    this.order = Math.min(this.order, part.row);
    this.firstRow = Math.min(this.firstRow, part.row);
    this.lastRow = Math.max(this.lastRow, part.row);
    this.startMs = Math.min(this.startMs, part.timeMs);
    this.lastMs = Math.max(this.lastMs, part.timeMs);
    if (part.kind === kAction && part.row > this.#toolRow) [this.tool, this.#toolRow] = [part.tool, part.row];
    const end = part.name === 'TASK_STARTED' ? 'running' : kEnds.get(part.name);
    if (end && part.row > this.#endRow) [this.#end, this.#endRow] = [end, part.row];
  }

  /** Told again, what is new counts. */
  tell(span: number, cost: number | null, quality: number | null, older: boolean): void {
    const told = (this.#told ??= new Map<number, Told>()), [knownCost, knownQuality] = told.get(span) ?? [null, null];
    told.set(span, older ? [knownCost ?? cost, knownQuality ?? quality] : [cost ?? knownCost, quality ?? knownQuality]);
    this.#sum = undefined;
    for (const [oldest, one] of told) {
      if (told.size <= kMostSpans) break;
      told.delete(oldest);
      this.#past = added(this.#past, one);
    }
  }
  /** NaN: nothing says it. */
  get cost(): number {
    return this.#all[0];
  }
  /** The best; NaN: nothing says it. */
  get quality(): number {
    return this.#all[1];
  }
  get #all(): Sum {
    return (this.#sum ??= [...this.#told?.values() ?? []].reduce(added, this.#past));
  }

  /** Times, tool and end stay as they were: they were true. */
  remove(part: Part): void {
    this.#count(part, -1);
    ++this.left;
  }

  /** Rows in front of `before` are `by` less now. */
  shift(before: number, by: number): void {
    if (this.order < before) this.order -= by;
    if (this.firstRow < before) this.firstRow -= by;
    if (this.lastRow < before) this.lastRow -= by;
    if (this.#toolRow < before) this.#toolRow -= by;
    if (this.#endRow < before) this.#endRow -= by;
  }

  get status(): TraceRow['status'] {
    if (this.#end !== '' && this.#end !== 'running') return this.#end;
    if (this.running > 0 || this.#end === 'running') return 'running';
    return this.errors === 0 ? 'ok' : this.errors === this.cancelled ? 'cancelled' : 'error';
  }

  #count({ kind, failed, cancelled }: Part, by: 1 | -1): void {
    this.change = ++changes;
    this.rows += by;
    if (kind === kAction) this.calls += by;
    else if (kind === kThought) this.thoughts += by;
    else if (kind === kObservation && failed) {
      this.errors += by;
      if (cancelled) this.cancelled += by;
    }
  }
}
