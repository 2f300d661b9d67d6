// The rows as a table (RFC 4180). A cell that a spreadsheet would take for a formula gets an
// apostrophe: the text is hostile there too.

import type { Row } from './protocol.ts';
import type { Writer } from './export.ts';

const kColumns: readonly (readonly [string, (row: Row) => string | number | null])[] = [
  ['time', ({ timeMs }) => new Date(timeMs).toISOString()], ['id', ({ id }) => id], ['type', ({ kind }) => kind], ['name', ({ name }) => name],
  ['task', ({ task }) => task], ['session', ({ session }) => session], ['thread', ({ thread }) => thread], ['turn', ({ turn }) => (turn < 0 ? null : turn)],
  ['agent', ({ agent }) => agent], ['role', ({ role }) => role], ['tool', ({ tool }) => tool], ['server', ({ server }) => server],
  ['status', ({ status }) => status], ['exit_code', ({ exit }) => exit], ['duration_ms', ({ durationMs }) => durationMs], ['size', ({ size }) => size],
  ['summary', ({ summary }) => summary],
];

export function csvCell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function makeCsvWriter(): Writer {
  return {
    begin: () => `${kColumns.map(([name]) => name).join(',')}\r\n`,
    entry: ({ row, matches }) => (matches ? `${kColumns.map(([, of]) => csvCell(of(row))).join(',')}\r\n` : ''),
    gap: () => '',
    end: () => '',
    leftOut: () => [],
  };
}
