// Holds messages against the official JSON schema of a revision (tests/wire-schemas).
//
//   validate(revision, direction, message, answered, seen)   what is wrong, as sentences; [] when nothing is
//   new Conversation(revision).heard(direction, message)   the same, and remembers which id asked what,
//                                                          and in `seen` all the server's messages were
//   listen(transport, conversation, errors)   puts a Conversation into the transport of an SDK client, v1 or v2
//
// `direction` is who sent it, 'client' or 'server'.  `answered` is the method of the
// request a response belongs to; without it a result is held against the envelope only.
// `seen` is a Set that takes the names of the definitions a message was held against, and
// `error <code>` of each error.  Those of the tasks extension begin with `tasks:`.

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
// What the tasks extension adds to 2026-07-28 (ext-tasks.json).
const extended = '2026-07-28';
const tasks = {
  server: { 'notifications/tasks': 'TaskStatusNotification' },
  client: { 'tasks/get': 'GetTaskRequest', 'tasks/update': 'UpdateTaskRequest', 'tasks/cancel': 'CancelTaskRequest' },
  results: { 'tasks/get': 'GetTaskResult', 'tasks/update': 'UpdateTaskResult', 'tasks/cancel': 'CancelTaskResult' },
};
// How a call is remembered that asked to be a task, in 2025-11-25.
const asTask = 'tools/call as a task';

const compiled = new Map();
function specification(revision) {
  if (!compiled.has(revision)) compiled.set(revision, compile(revision));
  return compiled.get(revision);
}

const read = (name) => JSON.parse(fs.readFileSync(path.join(root, `tests/wire-schemas/${name}.json`), 'utf8'));

function compile(revision) {
  const schema = read(revision);
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
      if (/Request$/.test(name)) {
        const result = name.replace(/Request$/, 'Result');
        results.set(method, definitions[result] ? result : 'EmptyResult');
      }
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

  if (definitions.CreateTaskResult) results.set(asTask, 'CreateTaskResult');
  if (revision === extended) {
    ajv.addSchema({ ...read('ext-tasks'), $id: 'tasks' });
    for (const direction of ['client', 'server']) {
      for (const [method, name] of Object.entries(tasks[direction])) {
        methods.set(method, `tasks:${name}`);
        begins[direction].add(method);
      }
    }
    for (const [method, name] of Object.entries(tasks.results)) results.set(method, `tasks:${name}`);
  }

  const validators = new Map();
  const against = (name, value) => {
    const where = name.startsWith('tasks:') ? `tasks#/$defs/${name.slice(6)}` : `${revision}#/${key}/${name}`;
    if (!validators.has(name)) validators.set(name, ajv.compile({ $ref: where }));
    const valid = validators.get(name);
    return valid(value) ? [] : valid.errors.map((one) => `${name}${one.instancePath}: ${one.message}`);
  };
  const first = (...names) => names.find((name) => definitions[name]);
  return { methods, results, errors, begins, against, first, definitions };
}

// The definitions a server may send in that revision, by the unions of the specification.
export function ofServer(revision) {
  const { definitions } = specification(revision);
  return ['ServerRequest', 'ServerNotification', 'ServerResult'].flatMap((union) =>
    (definitions[union]?.anyOf ?? []).map(({ $ref }) => $ref.split('/').at(-1)));
}

export function validate(revision, direction, message, answered, seen = new Set()) {
  const { methods, results, errors, begins, first, definitions, against: compare } = specification(revision);
  const against = (name, value) => {
    seen.add(name);
    return compare(name, value);
  };
  if (Array.isArray(message)) {
    const each = message.flatMap((one) => validate(revision, direction, one, answered, seen));
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
    seen.add(`error ${message.error?.code}`);
    // Of a request that could not be read.  Older schemas have no form for it; the text of the
    // transports has, from 2025-03-26 on: an error without an id.
    if (!('id' in message) && definitions.JSONRPCError) message = { ...message, id: 0 };
    return against(errors.get(message.error?.code) ?? first('JSONRPCErrorResponse', 'JSONRPCError'), message);
  }
  if ('result' in message) {
    const wrong = against(first('JSONRPCResultResponse', 'JSONRPCResponse'), message);
    const kind = message.result?.resultType;
    const name = results.get(answered);
    if (kind === 'input_required' && definitions.InputRequiredResult) {
      wrong.push(...against('InputRequiredResult', message.result));
    } else if (kind === 'task' && revision === extended) {
      wrong.push(...against('tasks:CreateTaskResult', message.result));
    } else if (name) {
      wrong.push(...against(name, message.result));
    }
    if (name === 'EmptyResult' && kind === undefined && Object.keys(message.result).some((one) => one !== '_meta')) {
      wrong.push(`the result of ${answered} is not empty`);
    }
    if (name === 'tasks:GetTaskResult') wrong.push(...ofTask(against, message.result));
    if (name === 'GetTaskPayloadResult') wrong.push(...against('CallToolResult', message.result));
    return wrong;
  }
  return ['neither a request, a notification nor a response'];
}

// What came of a task: of a tool, whose result is plain inside of a task (the extension's own examples).
function ofTask(against, task) {
  return task.result ? against('CallToolResult', { resultType: 'complete', ...task.result }) : [];
}

export class Conversation {
  #asked = { client: new Map(), server: new Map() };

  constructor(revision) {
    this.revision = revision;
    this.count = 0; // messages heard: a check that heard none proves nothing
    this.seen = new Set(); // definitions the server's messages were held against
  }

  heard(direction, message) {
    if (Array.isArray(message)) { // a batch: each in its own place, and whether there may be one
      const each = message.flatMap((one) => this.heard(direction, one));
      return each.length ? each : validate(this.revision, direction, message, undefined, this.#of(direction));
    }
    this.count += 1;
    const other = direction === 'client' ? 'server' : 'client';
    const answered = 'method' in message ? undefined : this.#asked[other].get(message.id);
    if ('method' in message && 'id' in message) {
      const kind = message.method === 'tools/call' && message.params?.task ? asTask : message.method;
      this.#asked[direction].set(message.id, kind);
    }
    return validate(this.revision, direction, message, answered, this.#of(direction));
  }

  #of(direction) { return direction === 'server' ? this.seen : new Set(); }
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
