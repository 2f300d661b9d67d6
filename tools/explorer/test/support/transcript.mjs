// What a scripted stream says, and when: a list of steps.
//
//   [status(503, { 'Retry-After': '5' }, '{"error":"Too many clients","max":100}')]
//   [kGreeting, frame(thought(1), { id: 'e-1' }), wait('more'), frame(thought(2), { id: 'e-2' }), cut()]
//
// Text and bytes are sent as they are. A transcript that is over leaves the answer open.

export const kGreeting = ': connected\n\nretry: 2000\n\n';
export const kHeartbeat = ': heartbeat\n\n';

/** An entry, or with `event` a named one; `envelope` may be text already. */
export function frame(envelope, { id = '', event = '' } = {}) {
  const data = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
  return `${id && `id: ${id}\n`}${event && `event: ${event}\n`}data: ${data}\n\n`;
}
/** Moves the resume point and nothing else. */
export const checkpoint = (id) => `id: ${id}\n\n`;

/** First step: an answer that is no stream, and over. */
export const status = (code, headers = {}, body = '') => ({ do: 'status', code, headers, body });
/** First step: more headers of a stream; a value of undefined takes one away. */
export const head = (headers) => ({ do: 'head', headers });
/** Until the test says server.go(name); one go is for all who wait, now and later. */
export const wait = (name) => ({ do: 'wait', name });
/** `text` in pieces of so many bytes, each so many milliseconds after the one before. */
export const drip = (text, bytes = 1, ms = 0) => ({ do: 'drip', bytes: Buffer.from(text), size: bytes, ms });
/** From now on, until the end, a comment each so many milliseconds. */
export const heartbeat = (ms) => ({ do: 'heartbeat', ms });
/** The connection breaks. */
export const cut = () => ({ do: 'cut' });
/** The answer ends as it should. */
export const end = () => ({ do: 'end' });
/** First step: of all the bytes that follow so many arrive, then the connection breaks. */
export const cutAt = (bytes) => ({ do: 'cut_at', bytes });

const kHeaders = {
  'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
};
const refuse = (response, { code, headers, body }) => response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(body);
const openWith = (response, headers) => response.writeHead(200, Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)));

/** What HEAD says of a stream: the leading steps that are about its head. */
export async function playHead(steps, response) {
  let headers = kHeaders;
  for await (const step of steps) {
    if (step.do === 'status') return refuse(response, { ...step, body: '' });
    if (step.do === 'head') headers = { ...headers, ...step.headers };
    else if (step.do !== 'cut_at') break;
  }
  return openWith(response, headers).end();
}

/** Runs `steps` on an answer of node:http; `gone()` is true once the client has left. */
export async function play(steps, response, { gate, gone }) {
  let left = Infinity, beat;
  let headers = kHeaders;
  const send = async (bytes) => {
    if (gone()) return;
    if (!response.headersSent) {
      openWith(response, headers);
      response.flushHeaders();
    }
    const part = bytes.subarray(0, left);
    left -= bytes.length;
    if (part.length > 0 && !response.write(part))
      await Promise.race([new Promise((drained) => response.once('drain', drained)), new Promise((closed) => response.once('close', closed))]);
    if (left <= 0) await breakOff(response);
  };
  response.once('close', () => clearInterval(beat));
  for await (const step of steps) {
    if (gone()) return;
    if (typeof step === 'string' || step instanceof Uint8Array) await send(Buffer.from(step));
    else if (step.do === 'status') {
      refuse(response, step);
      return;
    } else if (step.do === 'head') headers = { ...headers, ...step.headers };
    else if (step.do === 'cut_at') left = step.bytes;
    else if (step.do === 'wait') {
      await send(Buffer.alloc(0)); // the head is out
      await Promise.race([gate(step.name), new Promise((closed) => response.once('close', closed))]);
    } else if (step.do === 'drip') {
      for (let at = 0; at < step.bytes.length && !gone(); at += step.size) {
        await send(step.bytes.subarray(at, at + step.size));
        await new Promise((later) => setTimeout(later, step.ms));
      }
    } else if (step.do === 'heartbeat') beat = setInterval(() => void send(Buffer.from(kHeartbeat)), step.ms);
    else if (step.do === 'cut') await breakOff(response);
    else if (step.do === 'end') response.end();
    else throw new Error(`no such step: ${JSON.stringify(step)}`);
  }
  await send(Buffer.alloc(0));
}

// What was written before leaves first; then the client sees a line that broke.
function breakOff(response) {
  return new Promise((done) => {
    if (response.destroyed) return done();
    response.once('close', done);
    response.socket.write('', () => response.destroy());
  });
}
