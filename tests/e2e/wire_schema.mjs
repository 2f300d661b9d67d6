// Holds messages against the official JSON schema of a revision (tests/wire-schemas).
//
//   validate(revision, direction, message, answered)   what is wrong, as sentences; [] when nothing is
//   new Conversation(revision).heard(direction, message)   the same, and remembers which id asked what
//   listen(transport, conversation, errors)   puts a Conversation into the transport of an SDK client, v1 or v2
//
// `direction` is who sent it, 'client' or 'server'.  `answered` is the method of the
// request a response belongs to; without it a result is held against the envelope only.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const load = createRequire(path.join(root, 'tools/node/package.json'));
const { Ajv } = load('ajv');
const { Ajv2020 } = load('ajv/dist/2020.js');
const addFormats = load('ajv-formats').default;

export const revisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];
// `resultType`s an extension brings, which no core definition describes.
const extensionResults = new Set(['task']);

const compiled = new Map();
function specification(revision) {
  if (!compiled.has(revision)) compiled.set(revision, compile(revision));
  return compiled.get(revision);
}

function compile(revision) {
  const schema = JSON.parse(fs.readFileSync(path.join(root, `tests/wire-schemas/${revision}.json`), 'utf8'));
  const ajv = new (schema.$schema.includes('2020-12') ? Ajv2020 : Ajv)({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addFormat('byte', true); // base64, an OpenAPI word
  ajv.addSchema({ ...schema, $id: revision });
  const key = schema.$defs ? '$defs' : 'definitions';
  const definitions = schema[key];

  const methods = new Map(); // method -> definition of the request or notification
  const results = new Map(); // method -> definition of its result
  const errors = new Map(); // code -> definition of the error response
  for (const [name, { properties = {} }] of Object.entries(definitions)) {
    const method = properties.method?.const;
    // ClientNotification and the like are unions; one of a single member looks like that member.
    if (method && !/^(Client|Server)(Request|Notification)$/.test(name)) {
      methods.set(method, name);
      const result = name.replace(/Request$/, 'Result');
      if (result !== name && definitions[result]) results.set(method, result);
    }
    for (const part of properties.error?.allOf ?? []) {
      const code = part.properties?.code?.const;
      if (code !== undefined) errors.set(code, name);
    }
  }

  // What each side may begin, by the unions of the specification.
  const begins = {};
  for (const [direction, side] of [['client', 'Client'], ['server', 'Server']]) {
    begins[direction] = new Set(['Request', 'Notification'].flatMap((kind) => {
      const union = definitions[side + kind];
      if (!union) return [];
      const members = union.anyOf ? union.anyOf.map(({ $ref }) => definitions[$ref.split('/').at(-1)]) : [union];
      return members.map((one) => one.properties.method.const);
    }));
  }

  const validators = new Map();
  const against = (name, value) => {
    if (!validators.has(name)) validators.set(name, ajv.compile({ $ref: `${revision}#/${key}/${name}` }));
    const valid = validators.get(name);
    return valid(value) ? [] : valid.errors.map((one) => `${name}${one.instancePath}: ${one.message}`);
  };
  const first = (...names) => names.find((name) => definitions[name]);
  return { methods, results, errors, begins, against, first, definitions };
}

export function validate(revision, direction, message, answered) {
  const { methods, results, errors, begins, against, first, definitions } = specification(revision);
  if (Array.isArray(message)) {
    const each = message.flatMap((one) => validate(revision, direction, one, answered));
    return each.length ? each : against('JSONRPCMessage', message);
  }
  if (typeof message !== 'object' || message === null) return ['not an object'];

  if ('method' in message) {
    const name = methods.get(message.method);
    const wrong = against(name ?? ('id' in message ? 'JSONRPCRequest' : 'JSONRPCNotification'), message);
    if (name && !begins[direction].has(message.method)) wrong.push(`${message.method} is not for the ${direction} to send`);
    if ('id' in message && direction === 'server' && !definitions.ServerRequest) wrong.push('a server sends no requests');
    return wrong;
  }
  if ('error' in message) {
    return against(errors.get(message.error?.code) ?? first('JSONRPCErrorResponse', 'JSONRPCError'), message);
  }
  if ('result' in message) {
    const wrong = against(first('JSONRPCResultResponse', 'JSONRPCResponse'), message);
    const kind = message.result?.resultType;
    if (kind === 'input_required' && definitions.InputRequiredResult) {
      wrong.push(...against('InputRequiredResult', message.result));
    } else if (!extensionResults.has(kind) && results.has(answered)) {
      wrong.push(...against(results.get(answered), message.result));
    }
    return wrong;
  }
  return ['neither a request, a notification nor a response'];
}

export class Conversation {
  #asked = { client: new Map(), server: new Map() };

  constructor(revision) {
    this.revision = revision;
    this.count = 0; // messages heard: a check that heard none proves nothing
  }

  heard(direction, message) {
    if (Array.isArray(message)) { // a batch: each in its own place, and whether there may be one
      const each = message.flatMap((one) => this.heard(direction, one));
      return each.length ? each : validate(this.revision, direction, message);
    }
    this.count += 1;
    const other = direction === 'client' ? 'server' : 'client';
    const answered = 'method' in message ? undefined : this.#asked[other].get(message.id);
    if ('method' in message && 'id' in message) this.#asked[direction].set(message.id, message.method);
    return validate(this.revision, direction, message, answered);
  }
}

// Call before `client.connect(transport)`.  What is wrong is added to `errors`.
export function listen(transport, conversation, errors) {
  const note = (direction, message) => {
    for (const wrong of conversation.heard(direction, message)) errors.push(`${direction}: ${wrong} in ${JSON.stringify(message)}`);
  };
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    note('client', message);
    return send(message, options);
  };
  let handler; // the client sets it while it connects
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => handler && ((message, extra) => {
      note('server', message);
      handler(message, extra);
    }),
    set: (given) => { handler = given; },
  });
}
