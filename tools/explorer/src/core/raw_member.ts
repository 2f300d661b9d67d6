// The text of one member of a JSON object, as it was written: a number keeps its digits and a
// string its escapes, which JSON.parse and JSON.stringify would not promise.

function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22 || Number.isNaN(code)) return at + 1;
  }
}

function endOfValue(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) {
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth--;
    } else if (depth === 0 && (code === 0x2c || code <= 0x20)) return at;
  }
  return text.length;
}

function skip(text: string, at: number): number {
  while (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0x2c || text.charCodeAt(at) === 0x3a) at++;
  return at;
}

/** Of valid JSON: where the value of `path` begins and ends; null: no such member. */
export function memberRange(text: string, ...path: string[]): readonly [number, number] | null {
  let at = skip(text, 0);
  for (const name of path) {
    if (text[at] !== '{') return null;
    for (at = skip(text, at + 1); ; at = skip(text, endOfValue(text, at))) {
      if (text[at] !== '"') return null;
      const end = endOfString(text, at);
      const found = JSON.parse(text.slice(at, end)) === name;
      at = skip(text, end);
      if (found) break;
    }
  }
  return [at, endOfValue(text, at)];
}

export function rawMember(text: string, ...path: string[]): string | null {
  const range = memberRange(text, ...path);
  return range && text.slice(...range);
}

/** On one line: white space outside of strings goes, nothing else changes. */
export function compactJson(text: string): string {
  return /[\n\r]/.test(text) ? text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string?: string) => string ?? '') : text;
}
