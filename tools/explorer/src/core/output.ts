// What a call gave back, wherever its observation keeps it (saop.md 4.4, 4.5).

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface Block {
  type: string;
  mimeType: string;
  /** Of a picture that may be shown; empty: it is text like everything else. */
  base64: string;
  bytes: number;
  value: Json;
}

export interface Output {
  stdout: string;
  stderr: string;
  /** Where stdout was found; empty: nowhere. */
  place: string;
  /** Both texts are bytes in base64. */
  base64: boolean;
  /** What is not text in the result. */
  blocks: Block[];
  structured: Json | undefined;
  metadata: Json | undefined;
}

const kPictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const kMostPictureBytes = 1 << 20;
const kBase64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The member at the end of the path; undefined when there is none. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
const textAt = (value: Json, ...path: string[]): string => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
};

const kOutPlaces = [['stdout'], ['payload', 'result', 'stdout'], ['payload', 'observation', 'stdout']];
const kErrPlaces = [['stderr'], ['payload', 'result', 'stderr'], ['payload', 'observation', 'stderr']];

export function outputOf(observation: Json): Output {
  const out = kOutPlaces.find((place) => textAt(observation, ...place) !== '');
  const err = kErrPlaces.find((place) => textAt(observation, ...place) !== '');
  const content = at(observation, 'payload', 'result', 'content');
  return {
    stdout: out ? textAt(observation, ...out) : '',
    stderr: err ? textAt(observation, ...err) : '',
    place: out?.join('.') ?? '',
    base64: at(observation, 'encoding') === 'base64',
    // Text of ours is in stdout or stderr already, its block says only how long it is.
    blocks: (Array.isArray(content) ? content : []).filter((one) => at(one, 'type') !== 'text' || at(one, 'text') !== undefined).map(blockOf),
    structured: at(observation, 'payload', 'result', 'structured_content'),
    metadata: at(observation, 'metadata'),
  };
}

function blockOf(value: Json): Block {
  const data = textAt(value, 'data');
  const mimeType = textAt(value, 'mimeType') || textAt(value, 'resource', 'mimeType');
  const bytes = Math.floor((data.replace(/=+$/, '').length * 3) / 4);
  const shown = textAt(value, 'type') === 'image' && kPictures.includes(mimeType) && bytes > 0 && bytes <= kMostPictureBytes && kBase64.test(data);
  return { type: textAt(value, 'type') || 'block', mimeType, bytes, base64: shown ? data : '', value };
}

/** null: that is no base64. */
export function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}

/** `00000010  68 65 6c 6c 6f`, 16 bytes a line. */
export function hexOf(bytes: Uint8Array, most = 1024): string {
  const lines: string[] = [];
  for (let from = 0; from < Math.min(bytes.length, most); from += 16) {
    const line = bytes.subarray(from, Math.min(from + 16, most));
    lines.push(`${from.toString(16).padStart(8, '0')}  ${[...line].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`);
  }
  return lines.join('\n');
}

const kMeanings = new Map([
  ['SUCCESS', 'The tool did its work.'],
  ['TOOL_ERROR', 'The tool ran and reported an error.'],
  ['VALIDATION_FAILED', 'The arguments do not fit the tool; it was not started.'],
  ['UPSTREAM_UNAVAILABLE', 'The server of this tool could not be reached.'],
  ['TIMEOUT_EXCEEDED', 'No result came in time; the tool was stopped.'],
  ['ACCESS_DENIED', 'A policy or a person refused the call.'],
  ['UNKNOWN_TOOL', 'There is no tool of this name.'],
  ['CANCELLED', 'The call was cancelled before it ended.'],
  ['ABANDONED', 'The orchestrator stopped before the result arrived. Nobody knows whether the tool ran.'],
  ['running', 'No result yet.'],
]);
const kCodes = new Map<string, number>([['SUCCESS', 0], ['TOOL_ERROR', 1], ['VALIDATION_FAILED', 2], ['UPSTREAM_UNAVAILABLE', 69],
  ['TIMEOUT_EXCEEDED', 124], ['ACCESS_DENIED', 126], ['UNKNOWN_TOOL', 127], ['CANCELLED', 130], ['ABANDONED', 137]]);

/** What a status and its exit code mean, for people. */
export function meaningOf(status: string, exit: number | null): string {
  const meaning = kMeanings.get(status) ?? '';
  return exit !== null && kCodes.has(status) && kCodes.get(status) !== exit ? `${meaning} ${exit} is the tool's own code.` : meaning;
}

const kThoughts: [title: string, ...path: string[]][] = [
  ['', 'payload', 'analysis', 'reasoning_chain'], ['', 'payload', 'content'],
  ['Looking back', 'payload', 'analysis', 'observation_reflection'], ['State', 'payload', 'analysis', 'state_assessment'],
  ['Strategy', 'payload', 'intent', 'current_strategy'], ['Expected', 'payload', 'intent', 'predicted_outcome'],
  ['Requirement', 'payload', 'intent', 'requirement_id'],
];

/** What a thought says, the reasoning first; a title is empty where the text needs none. */
export function thoughtOf(thought: Json): { title: string; text: string }[] {
  return kThoughts.map(([title, ...path]) => ({ title, text: textAt(thought, ...path) })).filter(({ text }) => text !== '');
}
export const argumentsOf = (action: Json): Json | undefined => at(action, 'payload', 'tool_call', 'arguments') ?? at(action, 'payload', 'arguments');
