// A log that a scripted server streams as profile T does: what came after the id a client
// asks for, then what is added. No retention, no rights, no disk.

import { end, frame, head, kGreeting } from './transcript.mjs';

export class ScriptedLog {
  #entries = [];
  #readers = new Set();

  constructor(epoch = '5f3a9c01d2') {
    this.epoch = epoch;
  }

  get head() { return this.id(this.#entries.length); }
  get size() { return this.#entries.length; }
  id(sequence) { return `${this.epoch}-${sequence}`; }

  /** An envelope, or text that is sent as it is; answers its id. */
  add(envelope, { event = '' } = {}) {
    const id = this.id(this.#entries.length + 1);
    const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
    this.#entries.push({ id, event, body, frame: frame(body, { id, event }) });
    for (const wake of this.#readers) wake();
    return id;
  }

  /** All bodies, in order; or the one of an id. */
  bodies() { return this.#entries.map(({ body }) => body); }
  body(id) { return this.#entries[this.#sequence(id) - 1]?.body; }

  /** The answer of `GET /trace/replay?from=&to=&taskId=`: that stretch, its end told, at once. */
  replay(query) {
    const from = this.#sequence(query.get('from') ?? this.id(1)), to = Math.min(this.size, this.#sequence(query.get('to') ?? this.head));
    if (Number.isNaN(from + to)) return { status: 400, body: { error: 'BAD_REQUEST', field: 'from', message: 'an event id' } };
    const some = this.#entries.slice(Math.max(0, from - 1), to).filter(({ body }) => !query.get('taskId') || JSON.parse(body).task_id === query.get('taskId'));
    const over = frame({ from: this.id(from), to: this.id(to) }, { id: `${this.id(to)}-end`, event: 'replay_end' });
    return { headers: { 'Content-Type': 'text/event-stream' }, body: kGreeting + some.map((one) => one.frame).join('') + over };
  }

  /** Every open stream ends. */
  endReaders(words = '') {
    this.ending = { words };
    for (const wake of this.#readers) wake();
    this.ending = undefined;
  }

  #sequence(id) {
    const [epoch, number] = String(id).split('-');
    return epoch === this.epoch && /^\d+$/.test(number ?? '') ? Number(number) : NaN;
  }

  /** The steps of one stream; as `server.stream` of a scripted server. */
  async* follow(request) {
    yield head({ 'X-Head-Event-Id': this.head });
    yield kGreeting;
    const asked = request.headers['last-event-id'] ?? request.query.get('lastEventId');
    const task = request.query.get('taskId');
    let at = this.size;
    if (asked === 'earliest') at = 0;
    else if (asked !== null && asked !== undefined && asked !== 'latest' && asked !== '') {
      const sequence = this.#sequence(asked);
      if (sequence <= this.size) at = sequence;
      else yield frame({ reason: Number.isNaN(sequence) ? 'malformed' : 'future', requested: asked, now: this.head }, { event: 'reset' });
    }
    for (;;) {
      let bytes = '';
      for (; at < this.size && bytes.length < 1 << 18; ++at) {
        const entry = this.#entries[at];
        if (!task || JSON.parse(entry.body).task_id === task) bytes += entry.frame;
      }
      if (bytes) yield bytes;
      if (at < this.size) continue;
      const ending = await new Promise((wake) => {
        const woken = () => { this.#readers.delete(woken); wake(this.ending); };
        this.#readers.add(woken);
        request.onGone(woken);
      });
      if (request.gone()) return;
      if (ending) { yield ending.words; yield end(); }
    }
  }
}
