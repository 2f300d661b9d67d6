// What a text holds that an eye would miss or a terminal would obey, told apart from the rest.

/** `hidden`: `text` is a name, `U+202E`. `redacted`: the placeholder as it stands. */
export interface Piece {
  kind: 'text' | 'hidden' | 'redacted';
  text: string;
}

// CSI, then OSC and the like up to their end, then two-character escapes.
const kEscape = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
// Controls but tab, line feed and carriage return before one; format characters: zero width,
// bidirectional, tags; separators of lines; letters that show nothing; lone surrogates.
const kHidden = /\[REDACTED_[A-Z0-9_]+_[0-9a-f]{12}\]|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\r(?!\n)|\p{Cs}/gu;

const nameOf = (character: string): string => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;

/** Terminal escapes are left out, unless kept; then their controls are hidden characters. */
export function piecesOf(text: string, keepEscapes = false): Piece[] {
  const shown = keepEscapes ? text : text.replace(kEscape, '');
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of shown.matchAll(kHidden)) {
    if (found.index > at) pieces.push({ kind: 'text', text: shown.slice(at, found.index) });
    const [what] = found;
    pieces.push(what[0] === '[' ? { kind: 'redacted', text: what } : { kind: 'hidden', text: nameOf(what) });
    at = found.index + what.length;
  }
  if (at < shown.length) pieces.push({ kind: 'text', text: shown.slice(at) });
  return pieces;
}
