// {"format":"mcp-orchestrator-export/1",..,"entries":[{"id","envelope"}],"gaps":[..],"from","to"}
// as the server writes it; `id` is empty for rows of a file without ids.

import type { ExportOptions, Gap, Writer } from './export.ts';
import { compactJson } from './raw_member.ts';

export const kJsonFormat = 'mcp-orchestrator-export/1';
// A log that is mostly holes is described by its first ones and a count.
const kMaxListedGaps = 10_000;

export function makeJsonWriter({ filter, exportedAt }: ExportOptions): Writer {
  const gaps: Gap[] = [];
  let first: string | null = null, last: string | null = null, unlisted = 0;
  return {
    begin: () => `{"format":"${kJsonFormat}","exported_at":${JSON.stringify(exportedAt)},"filter":${JSON.stringify(filter)},"entries":[\n`,
    entry({ row: { id }, body, matches }) {
      if (!matches) return '';
      const comma = first === null ? '' : ',\n';
      first ??= id;
      last = id;
      return `${comma}{"id":${JSON.stringify(id)},"envelope":${compactJson(body)}}`;
    },
    // They follow the entries: they are known only when everything was read.
    gap(gap) {
      if (gaps.length < kMaxListedGaps) gaps.push(gap);
      else unlisted++;
      return '';
    },
    end: () => `\n],"gaps":${JSON.stringify(gaps)},"gaps_not_listed":${unlisted},"from":${JSON.stringify(first)},"to":${JSON.stringify(last)}}\n`,
    leftOut: () => [],
  };
}
