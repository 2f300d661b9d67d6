// An export: rows in, the text of one file out, piece by piece. Pure; who has the rows feeds it.

import type { EventId, ExportFormat, ExportItem, Row } from './protocol.ts';
import { makeChromeWriter } from './export_chrome.ts';
import { makeCsvWriter } from './export_csv.ts';
import { makeHarWriter } from './export_har.ts';
import { makeJsonWriter } from './export_json.ts';
import { makeNdjsonWriter } from './export_ndjson.ts';
import { makeOtlpWriter } from './export_otlp.ts';
import { membersOf } from './export_parts.ts';

export interface ExportOptions {
  /** As it was typed; empty: everything. */
  filter: string;
  /** ISO. */
  exportedAt: string;
}
/** One whose body is here. */
export interface ExportEntry {
  row: Row;
  body: string;
  matches: boolean;
}
export interface Gap {
  from: EventId;
  to: EventId;
  count: number;
  reason: string;
}
/** One format. The pieces in the order of the calls are the file. */
export interface Writer {
  begin(): string;
  entry(entry: ExportEntry): string;
  gap(gap: Gap): string;
  end(): string;
  /** What the format could not say, each with a number: `3 calls still run`. */
  leftOut(): string[];
}
export interface FileKind {
  extension: string;
  mime: string;
  label: string;
  /** What it is good for. */
  says: string;
  make(options: ExportOptions): Writer;
}

export const kFileKinds: Record<ExportFormat, FileKind> = {
  ndjson: { extension: 'ndjson', mime: 'application/x-ndjson', label: 'NDJSON', says: 'The envelopes byte for byte, as the flight log has them. Can be opened again.', make: makeNdjsonWriter },
  json: { extension: 'json', mime: 'application/json', label: 'JSON', says: 'Envelopes with their event ids, and what is missing. Can be opened again.', make: makeJsonWriter },
  otlp: { extension: 'otlp.json', mime: 'application/json', label: 'OTLP/JSON', says: 'Spans, for any OTLP/HTTP receiver.', make: makeOtlpWriter },
  chrome: { extension: 'trace.json', mime: 'application/json', label: 'Chrome trace', says: 'For ui.perfetto.dev and chrome://tracing.', make: makeChromeWriter },
  har: { extension: 'har', mime: 'application/json', label: 'HAR-like', says: 'Calls in the form of HTTP, for tools that read nothing else.', make: makeHarWriter },
  csv: { extension: 'csv', mime: 'text/csv', label: 'CSV', says: 'The rows as a table.', make: makeCsvWriter },
};

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

export class Exporter {
  entries = 0;
  readonly mime: string;
  readonly #format: ExportFormat;
  readonly #writer: Writer;
  #gaps = 0;
  #lost = 0;
  #bodiless = 0;
  // What is drawn against time begins with an entry: only then is there a time.
  #early: Gap[] | null = [];

  constructor(format: ExportFormat, options: ExportOptions) {
    this.#format = format;
    this.mime = kFileKinds[format].mime;
    this.#writer = kFileKinds[format].make(options);
  }
  begin(): string {
    return this.#writer.begin();
  }
  /** Every row of the source, in order, matching or not. `body` null: it has left memory. */
  entry({ row, body, matches }: ExportItem): string {
    if (row.kind === 'mark') return row.name === 'gap' ? this.#gap(row, body) : '';
    if (body === null && this.#format !== 'csv') {
      this.#bodiless += matches ? 1 : 0;
      return '';
    }
    if (matches) this.entries++;
    return this.#writer.entry({ row, body: body ?? '', matches }) + this.#begun();
  }
  end(): string {
    return this.#begun() + this.#writer.end();
  }
  /** In words; empty: all is there. */
  get left(): string {
    const words = this.#writer.leftOut();
    if (this.#bodiless) words.push(`${counted(this.#bodiless, 'entry', 'entries')} whose body has left memory`);
    if (this.#gaps) words.push(`${counted(this.#gaps, 'gap')} (${counted(this.#lost, 'entry', 'entries')})`);
    return words.join(', ');
  }

  #gap(row: Row, body: string | null): string {
    const told = membersOf(body === null ? null : JSON.parse(body));
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const gap = { from: text(told.from), to: text(told.to), count: typeof told.count === 'number' ? told.count : 0, reason: text(told.reason) || row.summary };
    this.#gaps++;
    this.#lost += gap.count;
    if (!this.#early) return this.#writer.gap(gap);
    this.#early.push(gap);
    return '';
  }
  #begun(): string {
    const early = this.#early ?? [];
    this.#early = null;
    return early.map((gap) => this.#writer.gap(gap)).join('');
  }
}
