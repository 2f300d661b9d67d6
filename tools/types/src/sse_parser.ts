/** What stood between two empty lines. */
export interface SseFrame {
  /** `message` when the frame has no name. */
  event: string;
  /** Absent: nothing to tell, such as a frame that only moves the id. */
  data?: string;
  /** This frame's own; one without an id leaves the last one in force. */
  id?: string;
  /** Milliseconds to wait before a reconnect, from here on. */
  retry?: number;
}

/** A frame of the server is at most 2 MiB. */
export const kMaxFrameChars = 4 * 1024 * 1024;

/** Text of an event stream to frames, as the HTML standard reads it. */
export class SseParser {
  #rest = '';
  #looked = 0; // of `#rest`: no line ends before
  #frame: { event?: string; data?: string; id?: string; retry?: number } = {};

  /** The frames that are complete with this text. Throws on a frame beyond kMaxFrameChars. */
  push(text: string): SseFrame[] {
    const frames: SseFrame[] = [];
    this.#rest += text;
    const ends = /\r\n|\n|\r(?!$)/g; // a CR at the end may be half of a CRLF
    let begin = 0;
    ends.lastIndex = this.#looked;
    for (let end = ends.exec(this.#rest); end !== null; end = ends.exec(this.#rest)) {
      const line = this.#rest.slice(begin, end.index);
      begin = ends.lastIndex;
      if (line !== '') this.#read(line);
      else this.#finish(frames);
    }
    this.#rest = this.#rest.slice(begin);
    this.#looked = this.#rest.endsWith('\r') ? this.#rest.length - 1 : this.#rest.length;
    if (this.#rest.length + (this.#frame.data?.length ?? 0) > kMaxFrameChars)
      throw new Error(`a frame of over ${kMaxFrameChars} characters`);
    return frames;
  }

  #read(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : line.slice(from);
    const frame = this.#frame;
    if (name === 'data') frame.data = frame.data === undefined ? value : `${frame.data}\n${value}`;
    else if (name === 'event') frame.event = value;
    else if (name === 'id' && !value.includes('\0')) frame.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) frame.retry = Number(value);
  }

  #finish(frames: SseFrame[]): void {
    const frame = this.#frame;
    if (Object.keys(frame).length > 0) frames.push({ ...frame, event: frame.event || 'message' });
    this.#frame = {};
  }
}
