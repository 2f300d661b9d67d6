// The lines of a trace's tree. What an entry is stays in the columns it came in: there may be a
// hundred thousand of them, and a screen shows sixty.

import { kindName } from './envelope.ts';
import type { EventId, RowKind, TraceRows } from './protocol.ts';
import { kAction, kFailed, kNoExit, kNoId, kNoStatus, kRunning, kStamped, kStatuses } from './types.ts';

/** One line, in tree order: `depth` says who is whose child. The members of a row as in protocol.ts. */
export interface TreeNode {
  /** -1: no entry. */
  readonly row: number;
  readonly id: EventId;
  readonly kind: RowKind;
  readonly name: string;
  readonly timeMs: number;
  readonly stamped: boolean;
  readonly task: string;
  readonly thread: string;
  readonly tool: string;
  readonly server: string;
  readonly turn: number;
  readonly status: string;
  readonly failed: boolean;
  readonly exit: number | null;
  readonly durationMs: number | null;
  readonly pair: number;
  /** `task`, `thread` and `turn` are headings, `missing` stands for an action that is not here. */
  readonly node: 'task' | 'thread' | 'turn' | 'entry' | 'missing';
  /** Unique among the nodes of the trace and the same after more has come. */
  readonly key: string;
  readonly depth: number;
  /** Below it, at any depth. */
  readonly below: number;
  readonly startMs: number;
  readonly endMs: number | null;
  /** `callNumber` of its tool_call_id; 0: none. */
  readonly call: number;
  /** Numbers of calls. */
  readonly dependsOn: readonly number[];
  /** A row whose body has the text of the id of the call; -1: there is none. */
  readonly witness: number;
}

/** What no entry is: headings, and what stands for a missing action. */
export type Made = { -readonly [Name in keyof TreeNode]: TreeNode[Name] };

const kNone: readonly number[] = [];

export class EntryNode implements TreeNode {
  readonly node = 'entry';
  readonly #of: TraceRows;
  readonly #at: number;
  /** The action that is the call: others may have its id. */
  isCall = false;
  depth = 0;
  below = 0;
  endMs: number | null = null;

  constructor(of: TraceRows, at: number) {
    this.#of = of;
    this.#at = at;
  }
  get row(): number { return this.#of.rows[this.#at]!; }
  get id(): EventId {
    const { epoch, columns } = this.#of;
    return epoch === '' || columns.flags[this.#at]! & kNoId ? '' : `${epoch}-${columns.sequence[this.#at]}`;
  }
  get kind(): RowKind { return kindName(this.#of.columns.kind[this.#at]!); }
  get name(): string { return this.#of.names.get(this.#of.columns.name[this.#at]!)!; }
  get timeMs(): number { return this.#of.columns.time[this.#at]!; }
  get startMs(): number { return this.timeMs; }
  get stamped(): boolean { return (this.#of.columns.flags[this.#at]! & kStamped) !== 0; }
  get task(): string { return this.#of.who.get(this.#of.columns.who[this.#at]!)!.task; }
  get thread(): string { return this.#of.who.get(this.#of.columns.who[this.#at]!)!.thread; }
  get tool(): string { return this.#of.what.get(this.#of.columns.what[this.#at]!)!.tool; }
  get server(): string { return this.#of.what.get(this.#of.columns.what[this.#at]!)!.server; }
  get turn(): number { return this.#of.columns.turn[this.#at]!; }
  get status(): string {
    const { kind, status, pair } = this.#of.columns, at = this.#at;
    return kind[at] === kAction && status[at] === kNoStatus && pair[at]! < 0 ? kRunning : kStatuses[status[at]!]!;
  }
  get failed(): boolean { return (this.#of.columns.flags[this.#at]! & kFailed) !== 0; }
  get exit(): number | null {
    const exit = this.#of.columns.exit[this.#at]!;
    return exit === kNoExit ? null : exit;
  }
  get durationMs(): number | null {
    const duration = this.#of.columns.duration[this.#at]!;
    return Number.isNaN(duration) ? null : duration;
  }
  get pair(): number {
    const pair = this.#of.columns.pair[this.#at]!;
    return pair >= this.#of.rows[0]! ? pair : -1;
  }
  get call(): number { return this.#of.columns.call[this.#at]!; }
  get dependsOn(): readonly number[] { return this.#of.links.get(this.row)?.slice(1) ?? kNone; }
  get key(): string { return this.isCall ? callKey(this.call) : this.id || `row:${this.row}`; }
  get witness(): number { return this.row; }
}

export const callKey = (call: number): string => `call:${call}`;
