// Server-Sent Events from bytes, cut anywhere. Data stay bytes: what comes out are views.

/** One frame; the views are valid until the sink returns. */
export interface SseFrame {
  /** Of this frame alone; null: it has none. */
  id: string | null;
  /** Empty: a message. */
  name: string;
  /** null: a frame of an `id:` alone (a checkpoint). */
  data: Uint8Array | null;
}

export interface SseSink {
  frame(frame: SseFrame): void;
  retry(ms: number): void;
}

const kLf = 10, kCr = 13, kSpace = 32, kColon = 58;
const kNone = new Uint8Array(0);
const kUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function joined(parts: readonly Uint8Array[], between: number): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length + between, -between));
  let at = 0;
  for (const part of parts) {
    if (at > 0 && between > 0) all[at++] = kLf;
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export class SseScanner {
  readonly #sink: SseSink;
  /** Pieces of a line whose end has not come. */
  #begun: Uint8Array[] = [];
  #atStart = true;
  /** The last byte was a CR: a LF right behind it is the same line end. */
  #afterCr = false;
  #id: string | null = null;
  #name = '';
  #data: Uint8Array[] = [];

  constructor(sink: SseSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    let cr = chunk.indexOf(kCr);
    const size = chunk.length;
    if (this.#afterCr && size > 0) {
      if (chunk[0] === kLf) from = 1;
      this.#afterCr = false;
    }
    while (from < size) {
      if (cr >= 0 && cr < from) cr = chunk.indexOf(kCr, from);
      const lf = chunk.indexOf(kLf, from);
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      if (end < 0) break;
      this.#line(chunk.subarray(from, end));
      from = end + 1;
      if (end !== cr) continue;
      if (from === size) this.#afterCr = true;
      else if (chunk[from] === kLf) from++;
    }
    if (from < size) this.#begun.push(chunk.slice(from));
    // A view into this chunk does not outlive the call.
    if (this.#data.length > 0) this.#data = this.#data.map((part) => part.buffer === chunk.buffer ? part.slice() : part);
  }

  #line(tail: Uint8Array): void {
    let line = tail;
    if (this.#begun.length > 0) {
      this.#begun.push(tail);
      line = joined(this.#begun, 0);
      this.#begun = [];
    }
    if (this.#atStart) {
      this.#atStart = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    }
    if (line.length === 0) return this.#dispatch();
    const colon = line.indexOf(kColon);
    if (colon === 0) return;
    const field = colon < 0 ? line : line.subarray(0, colon);
    const value = colon < 0 ? kNone : line.subarray(line[colon + 1] === kSpace ? colon + 2 : colon + 1);
    switch (String.fromCharCode(...field.subarray(0, 6))) {
      case 'data': this.#data.push(value); break;
      case 'id': if (!value.includes(0)) this.#id = kUtf8.decode(value); break;
      case 'event': this.#name = kUtf8.decode(value); break;
      case 'retry': {
        const digits = kUtf8.decode(value);
        if (/^\d{1,9}$/.test(digits)) this.#sink.retry(Number(digits));
      }
    }
  }

  #dispatch(): void {
    const id = this.#id, name = this.#name, data = this.#data;
    this.#id = null;
    this.#name = '';
    if (data.length > 0) this.#data = [];
    if (data.length > 0) this.#sink.frame({ id, name, data: data.length === 1 ? data[0]! : joined(data, 1) });
    else if (id !== null) this.#sink.frame({ id, name: '', data: null });
  }
}
