// Up to three traces side by side: totals, tools, calls in step, and arguments that differ.

import { align } from './align.ts';
import type { TreeNode } from './trace_nodes.ts';
import type { Trace } from './tree.ts';
import { toolName } from './units.ts';

export const kMostTraces = 3;

export interface ToolTotal {
  calls: number;
  errors: number;
  totalMs: number;
}

/** A row of the per-tool table; one total per trace. */
export interface ToolLine {
  tool: string;
  of: ToolTotal[];
  differs: boolean;
}

/** A row of the aligned calls: null where a trace has no such call. */
export interface CallLine {
  tool: string;
  calls: (TreeNode | null)[];
}

/** Of the arguments: where, and what each trace has there (undefined: nothing). */
export interface Difference {
  path: string;
  values: unknown[];
}

export const callsOf = (trace: Trace | null): TreeNode[] => (trace?.nodes ?? []).filter((node) => node.kind === 'action');

export function toolLines(calls: readonly (readonly TreeNode[])[]): ToolLine[] {
  const tools = new Map<string, ToolTotal[]>();
  calls.forEach((own, at) => {
    for (const call of own) {
      const tool = toolName(call);
      if (!tools.has(tool)) tools.set(tool, calls.map(() => ({ calls: 0, errors: 0, totalMs: 0 })));
      const total = tools.get(tool)![at]!;
      ++total.calls;
      total.errors += Number(call.failed);
      total.totalMs += call.durationMs ?? 0;
    }
  });
  return [...tools].sort(([a], [b]) => (a < b ? -1 : 1)).map(([tool, of]) => ({
    tool, of, differs: of.some((one) => one.calls !== of[0]!.calls || one.errors !== of[0]!.errors),
  }));
}

/** The first two are aligned, then the third with what they have become. */
export function callLines(calls: readonly (readonly TreeNode[])[]): CallLine[] {
  let lines: CallLine[] = [];
  calls.forEach((own, at) => {
    lines = align(lines, own, (line, call) => line.tool === toolName(call)).map(([line, call]) => ({
      tool: line?.tool ?? toolName(call!), calls: [...(line?.calls ?? Array<null>(at).fill(null)), call],
    }));
  });
  return lines;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Paths are JSON pointers; deeper than `depth` a value is compared as a whole. */
export function differences(values: readonly unknown[], depth = 8, path = ''): Difference[] {
  const texts = values.map((value) => JSON.stringify(value));
  if (texts.every((text) => text === texts[0])) return [];
  if (depth > 0 && values.every((value) => value === undefined || isObject(value))) {
    const objects = values.map((value) => (isObject(value) ? value : null));
    const keys = new Set(objects.flatMap((object) => (object ? Object.keys(object) : [])));
    const inner = [...keys].flatMap((key) => differences(
      objects.map((object) => (object && Object.hasOwn(object, key) ? object[key] : undefined)),
      depth - 1, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
    // Members in another order, or {} beside nothing: no member differs.
    if (inner.length > 0 || !values.includes(undefined)) return inner;
  }
  return [{ path: path || '/', values: [...values] }];
}
