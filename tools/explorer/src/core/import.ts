// A log out of a file: flight log, NDJSON, our JSON, each also gzipped; told by content, not
// by name. The file is read in pieces and never as a whole; bodies stay in it, as ranges.

import { kJsonFormat } from './export_json.ts';
import { memberRange } from './raw_member.ts';

export interface ImportedEntry {
  /** Empty: the file has none. */
  id: string;
  /** From 1; of a JSON export the number of the entry. */
  line: number;
  /** Where the body lies in `Imported.file`, in bytes. */
  at: number;
  /** The body, verbatim. A view: valid during the call alone. */
  bytes: Uint8Array;
}
export interface Imported {
  /** Its slices are the bodies: what was given, or that unpacked. */
  file: Blob;
  rows: number;
  /** Lines that are no envelope; the first kMaxBad of them. */
  bad: number[];
  /** For people; empty: nothing to say. */
  note: string;
}
/** False: that is no envelope. */
export type Take = (entry: ImportedEntry) => boolean;

export const kMaxImportedRows = 1_000_000;
export const kMaxBad = 1000;
const kPiece = 1024 * 1024;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const kLine = 0x0a, kReturn = 0x0d, kQuote = 0x22, kBackslash = 0x5c;

/** One stretch of the file; false: no more of them. */
type Emit = (at: number, bytes: Uint8Array, isTorn: boolean) => boolean;
/** Sees one byte after the other and says where a stretch begins and ends. */
interface Scanner {
  take(byte: number): 'begin' | 'end' | 'none';
  /** The byte at the end is not part of the stretch. */
  readonly excludesEnd: boolean;
}

function lineScanner(): Scanner {
  let isOpen = false;
  return { excludesEnd: true, take(byte) {
    if (byte === kLine) {
      isOpen = false;
      return 'end'; // of an empty line too: it has a number
    }
    if (isOpen) return 'none';
    isOpen = true;
    return 'begin';
  } };
}

/** The objects at depth 2: the elements of the arrays of one object (`entries`, `gaps`). */
function elementScanner(): Scanner {
  let depth = 0, isString = false, isEscaped = false;
  return { excludesEnd: false, take(byte) {
    if (isString) {
      if (isEscaped) isEscaped = false;
      else if (byte === kBackslash) isEscaped = true;
      else if (byte === kQuote) isString = false;
    } else if (byte === kQuote) isString = true;
    else if (byte === 0x7b || byte === 0x5b) return depth++ === 2 ? 'begin' : 'none';
    else if (byte === 0x7d || byte === 0x5d) return --depth === 2 ? 'end' : 'none';
    return 'none';
  } };
}

/** A stretch that spans pieces is put together; everything else is a view of its piece. */
async function scan(file: Blob, scanner: Scanner, emit: Emit): Promise<void> {
  let held: Uint8Array[] = [], begin = -1;
  const joined = (last: Uint8Array): Uint8Array => {
    if (held.length === 0) return last;
    const all = new Uint8Array(held.reduce((sum, { length }) => sum + length, last.length));
    let to = 0;
    for (const part of [...held, last]) {
      all.set(part, to);
      to += part.length;
    }
    held = [];
    return all;
  };
  for (let offset = 0; offset < file.size; offset += kPiece) {
    const piece = new Uint8Array(await file.slice(offset, offset + kPiece).arrayBuffer());
    for (let i = 0; i < piece.length; i++) {
      const what = scanner.take(piece[i]!);
      if (what === 'begin') begin = offset + i;
      else if (what === 'end') {
        const at = begin < 0 ? offset + i : begin;
        begin = -1;
        if (!emit(at, joined(piece.subarray(Math.max(0, at - offset), scanner.excludesEnd ? i : i + 1)), false)) return;
      }
    }
    if (begin >= 0) held.push(piece.subarray(Math.max(0, begin - offset)));
  }
  if (begin >= 0) emit(begin, joined(new Uint8Array()), true);
}

const startsWith = (bytes: Uint8Array, ...head: number[]): boolean => head.every((byte, i) => bytes[i] === byte);

/** The file as text: unpacked when it is packed with what a browser can unpack. */
async function unpacked(file: Blob): Promise<Blob> {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) {
    throw new Error('this is packed with zstd, which a browser cannot unpack. Unpack it first: zstdcat segments/*.zst > log.ndjson');
  }
  if (!startsWith(head, 0x1f, 0x8b)) return file;
  try {
    return await new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).blob();
  } catch {
    throw new Error('the gzip file is damaged or cut short');
  }
}

export async function importFile(given: Blob, take: Take, maxRows = kMaxImportedRows): Promise<Imported> {
  const file = await unpacked(given);
  const head = decoder.decode(await file.slice(0, 4096).arrayBuffer());
  const isExport = new RegExp(`^\\s*\\{[^{}]*"format"\\s*:\\s*"${kJsonFormat}"`).test(head);
  const notes: string[] = [], bad: number[] = [];
  let rows = 0, line = 0, badLines = 0, isFull = false;

  const put = (id: string, at: number, bytes: Uint8Array, isTorn: boolean): boolean => {
    if (rows === maxRows) {
      isFull = true;
      return false;
    }
    line++;
    if (take({ id, line, at, bytes })) rows++;
    else if (isTorn) notes.push(`the last line (${line}) is torn: it was being written`);
    else if (++badLines <= kMaxBad) bad.push(line);
    return true;
  };
  const putLine: Emit = (at, bytes, isTorn) => {
    const bom = line === 0 && startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0;
    const body = bytes.subarray(bom, bytes.at(-1) === kReturn ? -1 : bytes.length);
    if (body.length > 0) return put('', at + bom, body, isTorn);
    line++;
    return true;
  };
  const putElement: Emit = (at, bytes, isTorn) => {
    const text = decoder.decode(bytes);
    const range = isTorn ? null : memberRange(text, 'envelope');
    if (!range) return isTorn ? put('', at, bytes, true) : true; // a gap is an element too
    const [from, to] = range.map((end) => encoder.encode(text.slice(0, end)).length) as [number, number];
    const id = (JSON.parse(text) as { id?: unknown }).id;
    return put(typeof id === 'string' ? id : '', at + from, bytes.subarray(from, to), false);
  };
  await scan(file, isExport ? elementScanner() : lineScanner(), isExport ? putElement : putLine);

  if (isFull) notes.push(`only the first ${maxRows} entries are shown`);
  if (badLines > kMaxBad) notes.push(`${badLines} lines are no envelopes, the first ${kMaxBad} are listed`);
  return { file, rows, bad, note: notes.join('; ') };
}
