import assert from 'node:assert/strict';
import test from 'node:test';
import { blankOf, complaintsOf, fieldOf, typed, withMember, type Field } from '../../src/core/schema_form.ts';

const schema = {
  type: 'object', required: ['path', 'mode', 'deep', 'flag'], additionalProperties: false,
  $defs: { 'a/b': { type: 'integer', minimum: 1, maximum: 9, description: 'how many' } },
  properties: {
    path: { type: 'string', title: 'Where', description: 'a path' },
    mode: { enum: ['r', 'w', 3] },
    count: { $ref: '#/$defs/a~1b', default: 2 },
    deep: { type: 'object', required: ['on'], properties: { on: { type: 'boolean' }, tags: { type: 'array', items: { type: 'string' } } } },
    any: {},
    maybe: { type: ['string', 'null'] },
    either: { type: ['string', 'object'] },
    flag: { const: 'yes' },
    free: { type: 'object' },
  },
};
const form = fieldOf(schema) as Field & { kind: 'object' };
const of = (name: string): Field => form.fields.find((one) => one.name === name)!;

test('[run] every member of a schema has its control', () => {
  assert.deepEqual(form.fields.map(({ name, kind, required }) => [name, kind, required]), [
    ['path', 'text', true], ['mode', 'choice', true], ['count', 'number', false], ['deep', 'object', true], ['any', 'json', false],
    ['maybe', 'text', false], ['either', 'json', false], ['flag', 'choice', true], ['free', 'json', false],
  ]);
  assert.deepEqual([of('path').title, of('path').description, of('mode').title], ['Where', 'a path', 'mode']);
  assert.equal(of('count').description, 'how many');
});
test('[run] a fresh form holds defaults and what must be there', () => {
  assert.deepEqual(blankOf(form), { count: 2, deep: { on: false }, flag: 'yes' });
  assert.deepEqual(blankOf(fieldOf({ type: 'object' })), {});
});
test('[run] choices have the names that a schema gives them, in whichever of its forms', () => {
  const shown = (schema: unknown): unknown => {
    const field = fieldOf(schema);
    return field.kind === 'choice' ? field.choices.map((one, i) => [one, field.names[i] || '']) : field.kind;
  };
  assert.deepEqual(shown({ type: 'string', oneOf: [{ const: 'a', title: 'First' }, { const: 'b' }] }), [['a', 'First'], ['b', '']]);
  assert.deepEqual(shown({ type: 'string', anyOf: [{ const: 1, title: 'One' }] }), [[1, 'One']]);
  assert.deepEqual(shown({ type: 'string', enum: ['x', 'y'], enumNames: ['Ex'] }), [['x', 'Ex'], ['y', '']]);
  assert.equal(shown({ oneOf: [{ const: 1 }, { type: 'string' }] }), 'json');
});
test('[run] what is missing or no number is said with its place', () => {
  assert.deepEqual(complaintsOf(form, { count: 12, deep: { tags: 'x' }, flag: 'yes', any: 'loose', either: 'text' }).map(({ path, words }) => `${path} ${words}`), [
    'path is required', 'mode is required', 'count must be at most 9', 'deep.on is required', 'deep.tags must be a list', 'any must be JSON',
  ]);
  assert.deepEqual(complaintsOf(of('count'), 1.5).map(({ words }) => words), ['must be a whole number']);
  assert.deepEqual(complaintsOf(of('count'), 'x').map(({ words }) => words), ['must be a number']);
  assert.deepEqual(complaintsOf(form, { path: '', mode: 'r', deep: { on: true, tags: ['a'] }, flag: 'yes' }), []);
});
test('[run] typed text becomes the value', () => {
  assert.equal(typed(of('path'), ''), '');
  assert.equal(typed(of('maybe'), ''), undefined);
  assert.equal(typed(of('count'), ' 7 '), 7);
  assert.equal(typed(of('count'), '1e'), '1e');
  assert.equal(typed(of('count'), ''), undefined);
  assert.deepEqual(typed(of('any'), '{"a":[1]}'), { a: [1] });
  assert.equal(typed(of('either'), 'plain'), 'plain');
});
test('[run] hostile schemas end, and names are names', () => {
  const endless = { type: 'object', properties: { self: { $ref: '#' } } };
  assert.ok(JSON.stringify(fieldOf(endless)).length < 10_000);
  assert.equal(fieldOf({ $ref: '#/$ref', }).kind, 'json');
  assert.equal(fieldOf({ $ref: 'http://elsewhere/x' }).kind, 'json');
  assert.equal(fieldOf(null).kind, 'json');
  const proto = fieldOf(JSON.parse('{"type":"object","required":["__proto__"],"properties":{"__proto__":{"type":"string"},"toString":{"type":"number"}}}'));
  assert.deepEqual(complaintsOf(proto, {}).map(({ path }) => path), ['__proto__']);
  const value = withMember({}, '__proto__', 'x');
  assert.equal(JSON.stringify(value), '{"__proto__":"x"}');
  assert.deepEqual(complaintsOf(proto, value), []);
  assert.equal(({} as { x?: unknown }).x, undefined);
});
test('[run] a member changes in its place', () => {
  assert.equal(JSON.stringify(withMember({ a: 1, b: 2 }, 'a', 3)), '{"a":3,"b":2}');
  assert.equal(JSON.stringify(withMember({ a: 1, b: 2 }, 'a', undefined)), '{"b":2}');
  assert.equal(JSON.stringify(withMember(undefined, 'c', 1)), '{"c":1}');
});
