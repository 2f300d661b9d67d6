// What programs that read our exports demand, written from their specifications and not
// from our sources; the C++ checkers of tests/orchestrator/export are another reading.
//
// OTLP/JSON: opentelemetry-proto 1.x, docs/specification.md "JSON Protobuf Encoding"
// (lowerCamelCase names only, ids in hex, 64-bit integers as decimal strings, enums as
// integers) and trace.proto, common.proto, resource.proto for the fields of each message.
//
// Trace events: "Trace Event Format" (Google, sections Event Descriptions, Duration,
// Complete, Instant, Async, Metadata Events) and Perfetto's importer
// (json_trace_parser_impl.cc): `ph` of a known set, `ts` and `dur` numbers, `pid` and
// `tid` integers, slices of one row nested and never crossing.

import assert from 'node:assert/strict';

// --- OTLP

const hex = (bytes) => (value, at) => assert.match(value, new RegExp(`^(?!0+$)[0-9a-f]{${2 * bytes}}$`), at);
const text = (value, at) => assert.equal(typeof value, 'string', at);
const bool = (value, at) => assert.equal(typeof value, 'boolean', at);
const uint32 = (value, at) => assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32, at);
const double = (value, at) => assert.ok(typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value), at);
const enumOf = (last) => (value, at) => assert.ok(Number.isInteger(value) && value >= 0 && value <= last, at);
const int64 = (value, at) => {
  assert.match(value, /^(0|-?[1-9]\d*)$/, at);
  assert.ok(BigInt.asIntN(64, BigInt(value)) === BigInt(value), at);
};
const fixed64 = (value, at) => {
  assert.match(value, /^(0|[1-9]\d*)$/, at);
  assert.ok(BigInt.asUintN(64, BigInt(value)) === BigInt(value), at);
};
const base64 = (value, at) => assert.match(value, /^[A-Za-z0-9+/]*={0,2}$/, at);
const listOf = (each) => (value, at) => {
  assert.ok(Array.isArray(value), at);
  value.forEach((one, n) => each(one, `${at}[${n}]`));
};
// Fields are given when used: messages contain themselves.
const message = (fields) => (value, at) => {
  assert.ok(value && typeof value === 'object' && !Array.isArray(value), at);
  for (const [name, member] of Object.entries(value)) {
    assert.ok(Object.hasOwn(fields(), name), `${at}: no field ${name}`);
    fields()[name](member, `${at}.${name}`);
  }
};

const oneValue = message(() => ({ stringValue: text, boolValue: bool, intValue: int64, doubleValue: double,
  arrayValue: message(() => ({ values: listOf(anyValue) })), kvlistValue: message(() => ({ values: attributes })), bytesValue: base64 }));
const anyValue = (value, at) => {
  oneValue(value, at);
  assert.ok(Object.keys(value).length <= 1, `${at}: a oneof has one member`);
};
const keyValues = listOf(message(() => ({ key: text, value: anyValue })));
const attributes = (value, at) => {
  keyValues(value, at);
  const keys = value.map(({ key }) => key);
  assert.ok(keys.every(Boolean), `${at}: a key is not empty`);
  assert.equal(new Set(keys).size, keys.length, `${at}: keys are unique`);
};
const traceId = hex(16), spanId = hex(8);
const counted = { attributes, droppedAttributesCount: uint32 };
const span = message(() => ({ traceId, spanId, traceState: text, parentSpanId: spanId, flags: uint32, name: text, kind: enumOf(5),
  startTimeUnixNano: fixed64, endTimeUnixNano: fixed64, ...counted,
  events: listOf(message(() => ({ timeUnixNano: fixed64, name: text, ...counted }))), droppedEventsCount: uint32,
  links: listOf(message(() => ({ traceId, spanId, traceState: text, flags: uint32, ...counted }))), droppedLinksCount: uint32,
  status: message(() => ({ message: text, code: enumOf(2) })) }));
const scope = message(() => ({ name: text, version: text, ...counted }));
const tracesData = message(() => ({ resourceSpans: listOf(message(() => ({ resource: message(() => counted), schemaUrl: text,
  scopeSpans: listOf(message(() => ({ scope, schemaUrl: text, spans: listOf(span) }))) }))) }));

export function checkOtlp(json) {
  tracesData(json, 'otlp');
  const spans = json.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
  const id = (one) => `${one.traceId}:${one.spanId}`;
  const known = new Set(spans.map(id));
  assert.equal(known.size, spans.length, 'a span id is unique in its trace');
  for (const one of spans) {
    for (const name of ['traceId', 'spanId', 'name', 'startTimeUnixNano', 'endTimeUnixNano']) assert.ok(one[name], `${id(one)} has ${name}`);
    const begin = BigInt(one.startTimeUnixNano), end = BigInt(one.endTimeUnixNano);
    assert.ok(0n < begin && begin <= end, `${id(one)}: ${begin} to ${end}`);
    for (const event of one.events ?? []) assert.ok(begin <= BigInt(event.timeUnixNano) && BigInt(event.timeUnixNano) <= end, `${id(one)}: an event outside its span`);
    if (one.parentSpanId !== undefined) assert.ok(known.has(`${one.traceId}:${one.parentSpanId}`), `${id(one)}: its parent ${one.parentSpanId} is not there`);
    assert.notEqual(one.parentSpanId, one.spanId);
  }
  return spans;
}

// --- trace events

const phases = new Set([...'BEXiICbneSTpFstfPNODMVvRc()']);

export function checkTraceEvents(json) {
  assert.ok(Array.isArray(json.traceEvents), 'an object with traceEvents');
  assert.ok(json.displayTimeUnit === undefined || ['ms', 'ns'].includes(json.displayTimeUnit));
  const rows = new Map(), async = new Map();
  for (const event of json.traceEvents) {
    const at = JSON.stringify(event).slice(0, 200);
    assert.ok(phases.has(event.ph), at);
    const processWide = event.ph === 'M' && event.name.startsWith('process_');
    for (const name of processWide ? ['pid'] : ['pid', 'tid']) assert.ok(Number.isInteger(event[name]) && event[name] >= 0 && event[name] < 2 ** 32, at);
    if (event.ph !== 'E') assert.ok(typeof event.name === 'string' && event.name, at);
    if (event.args !== undefined) assert.ok(event.args && typeof event.args === 'object' && !Array.isArray(event.args), at);
    if (event.ph === 'M') {
      if (/^(process|thread)_name$/.test(event.name)) assert.equal(typeof event.args.name, 'string', at);
      continue;
    }
    assert.ok(Number.isFinite(event.ts) && event.ts > 0 && event.ts <= Number.MAX_SAFE_INTEGER, at);
    assert.equal(typeof event.cat, 'string', at);
    if (event.ph === 'i' || event.ph === 'I') assert.ok(event.s === undefined || 'gpt'.includes(event.s), at);
    if (event.ph === 'X') assert.ok(Number.isFinite(event.dur) && event.dur >= 0, at);
    if ('bne'.includes(event.ph)) {
      assert.ok(event.id !== undefined || event.id2 !== undefined, at);
      const key = `${event.cat}:${event.id ?? JSON.stringify(event.id2)}`;
      async.set(key, (async.get(key) ?? 0) + { b: 1, n: 0, e: -1 }[event.ph]);
      assert.ok(async.get(key) >= 0, `${at}: ends what did not begin`);
    }
    if ('BEX'.includes(event.ph)) {
      const key = `${event.pid}:${event.tid}`;
      rows.set(key, [...(rows.get(key) ?? []), event]);
    }
  }
  for (const [key, open] of async) assert.equal(open, 0, `async ${key} does not end`);
  for (const [row, events] of rows) {
    // As an importer does: by time, the longer slice first; then ends form a stack.
    events.sort((a, b) => a.ts - b.ts || (b.dur ?? Infinity) - (a.dur ?? Infinity));
    const ends = [];
    for (const { ph, ts, dur, args, name } of events) {
      while (ends.length > 0 && ends.at(-1) <= ts) ends.pop();
      if (ph === 'X') {
        assert.ok(ends.length === 0 || ts + dur <= ends.at(-1), `${row}: ${name} at ${ts} crosses the slice it is in`);
        ends.push(ts + dur);
      } else if (ph === 'B') {
        assert.equal(args?.unfinished, true, `${row}: ${name} begins and does not end, and does not say so`);
        ends.push(Infinity);
      } else {
        assert.fail(`${row}: an E, which we never write`);
      }
    }
  }
}
