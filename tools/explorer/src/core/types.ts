// The words of the log: kinds of entries, what may become of a call, members of unknown JSON.

import type { RowKind } from './protocol.ts';

/** In columns a kind is its index here. */
export const kKinds: readonly RowKind[] =
  ['thought', 'action', 'observation', 'lifecycle', 'hitl', 'system', 'graph', 'channel', 'mark', 'other'];
export const kThought = 0, kAction = 1, kObservation = 2, kLifecycle = 3, kHitl = 4, kSystem = 5, kGraph = 6, kMark = 8, kOther = 9;

/** saop.md 4.4; in columns a status is its index here. */
export const kStatuses: readonly string[] = ['', 'SUCCESS', 'TOOL_ERROR', 'VALIDATION_FAILED', 'UPSTREAM_UNAVAILABLE',
  'TIMEOUT_EXCEEDED', 'ACCESS_DENIED', 'UNKNOWN_TOOL', 'CANCELLED', 'ABANDONED'];
export const kNoStatus = 0, kSuccess = 1, kToolError = 2, kCancelled = 8;
export const kRunning = 'running';
const kStatusOfExit = new Map([[0, 1], [2, 3], [69, 4], [124, 5], [126, 6], [127, 7], [130, 8], [137, 9]]);

/** Flags of a row. */
export const kStamped = 1, kFailed = 2, kHasStderr = 4, kHasThought = 8, kNoId = 16;
/** In the column of exit codes: none. */
export const kNoExit = -(2 ** 31);

export const statusIndex = (name: string): number => Math.max(kNoStatus, kStatuses.indexOf(name));
/** For observations of hosts that give a code alone. */
export const statusOfExit = (exit: number): number => kStatusOfExit.get(exit) ?? kToolError;

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The member of that name; names are ours, values are anybody's. */
export const member = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
export const textOf = (value: unknown, name: string): string => {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
};
export const numberOf = (value: unknown, name: string): number | null => {
  const found = member(value, name);
  return typeof found === 'number' ? found : null;
};
