// What a form asks for, out of a JSON Schema. The server validates; this knows what a person
// must be told before: what is required, and what is no number.

import { membersOf } from './export_parts.ts';

interface Common {
  name: string;
  title: string;
  description: string;
  required: boolean;
  default: unknown;
}
export type Field = Common & (
  | { kind: 'text'; isLong: boolean }
  | { kind: 'number'; isWhole: boolean; least: number | null; most: number | null }
  | { kind: 'boolean' }
  /** `names`: what people call them; of some, or of none. */
  | { kind: 'choice'; choices: readonly unknown[]; names: readonly string[] }
  | { kind: 'list'; of: Field }
  | { kind: 'object'; fields: Field[]; isOpen: boolean }
  /** What no form shows well: anything, or one of several shapes. `takesText`: a text that is no JSON is meant as one. */
  | { kind: 'json'; takesText: boolean }
);

const kMaxDepth = 8;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** `#/$defs/x` within the schema; what leads nowhere is a schema of anything. */
function resolve(schema: unknown, root: unknown): Record<string, unknown> {
  let at = membersOf(schema);
  for (let hops = 0; typeof at.$ref === 'string' && hops < kMaxDepth; hops++) {
    const path = at.$ref.startsWith('#/') ? at.$ref.slice(2).split('/') : ['\0'];
    const { $ref: _, ...beside } = at;
    const found = path.reduce<unknown>((from, name) => {
      const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
      return Object.hasOwn(membersOf(from), key) ? membersOf(from)[key] : undefined;
    }, root);
    at = { ...membersOf(found), ...beside };
  }
  return at;
}

/** A form of a schema; `root` is where its references lead. */
export function fieldOf(schema: unknown, root: unknown = schema, name = '', required = true, depth = 0): Field {
  const of = resolve(schema, root);
  const common: Common = { name, title: textOf(of.title) || name, description: textOf(of.description), required, default: of.default };
  const types = (Array.isArray(of.type) ? of.type : [of.type]).filter((type) => type !== 'null');
  const type = types.length === 1 ? types[0] : undefined;
  if (Object.hasOwn(of, 'const')) return { ...common, kind: 'choice', choices: [of.const], names: [] };
  if (Array.isArray(of.enum)) return { ...common, kind: 'choice', choices: of.enum, names: Array.isArray(of.enumNames) ? of.enumNames.map(textOf) : [] };
  const named = [of.oneOf, of.anyOf].find(Array.isArray)?.map(membersOf) ?? [];
  if (named.length > 0 && named.every((one) => Object.hasOwn(one, 'const')))
    return { ...common, kind: 'choice', choices: named.map((one) => one.const), names: named.map(({ title }) => textOf(title)) };
  if (depth < kMaxDepth) {
    if (type === 'object' && of.oneOf === undefined && of.anyOf === undefined) {
      const needed = Array.isArray(of.required) ? of.required : [];
      const fields = Object.entries(membersOf(of.properties)).map(([key, one]) => fieldOf(one, root, key, needed.includes(key), depth + 1));
      if (fields.length > 0 || depth === 0) return { ...common, kind: 'object', fields, isOpen: of.additionalProperties !== false };
    }
    if (type === 'array' && of.items !== undefined && !Array.isArray(of.items)) return { ...common, kind: 'list', of: fieldOf(of.items, root, '', true, depth + 1) };
    if (type === 'string') return { ...common, kind: 'text', isLong: (numberOf(of.maxLength) ?? 0) > 200 || /text|content|body|code|message|prompt/i.test(name) };
    if (type === 'boolean') return { ...common, kind: 'boolean' };
    if (type === 'number' || type === 'integer') return { ...common, kind: 'number', isWhole: type === 'integer', least: numberOf(of.minimum), most: numberOf(of.maximum) };
  }
  return { ...common, kind: 'json', takesText: types.includes('string') };
}

/** What a fresh form holds: the defaults, and the objects and lists that must be there. */
export function blankOf(field: Field): unknown {
  if (field.default !== undefined) return field.default;
  if (!field.required) return undefined;
  if (field.kind === 'object') {
    const members = field.fields.map((one) => [one.name, blankOf(one)] as const).filter(([, value]) => value !== undefined);
    return Object.fromEntries(members);
  }
  if (field.kind === 'list') return [];
  if (field.kind === 'choice' && field.choices.length === 1) return field.choices[0];
  return field.kind === 'boolean' ? false : undefined;
}

/** Of what a person typed; undefined: nothing, so the member is left out. A text that is no number stays one. */
export function typed(field: Field, text: string): unknown {
  if (field.kind === 'text') return text === '' && !field.required ? undefined : text;
  if (text.trim() === '') return undefined;
  if (field.kind === 'number') return Number.isFinite(Number(text)) ? Number(text) : text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export interface Complaint {
  /** `a.b[2]` */
  path: string;
  words: string;
}

/** What the form can see is wrong; the rest is the server's to say. */
export function complaintsOf(field: Field, value: unknown, path = field.name): Complaint[] {
  if (value === undefined) return field.required ? [{ path, words: 'is required' }] : [];
  const wrong = (words: string): Complaint[] => [{ path, words }];
  switch (field.kind) {
    case 'number':
      if (typeof value !== 'number') return wrong('must be a number');
      if (field.isWhole && !Number.isInteger(value)) return wrong('must be a whole number');
      if (field.least !== null && value < field.least) return wrong(`must be at least ${field.least}`);
      return field.most !== null && value > field.most ? wrong(`must be at most ${field.most}`) : [];
    case 'list':
      return Array.isArray(value) ? value.flatMap((one, i) => complaintsOf(field.of, one, `${path}[${i}]`)) : wrong('must be a list');
    case 'object': {
      const of = membersOf(value);
      return field.fields.flatMap((one) => complaintsOf(one, Object.hasOwn(of, one.name) ? of[one.name] : undefined, path ? `${path}.${one.name}` : one.name));
    }
    case 'json':
      return typeof value === 'string' && !field.takesText ? wrong('must be JSON') : [];
    default:
      return [];
  }
}

/** The object with one member changed; undefined takes it out. */
export function withMember(value: unknown, name: string, member: unknown): Record<string, unknown> {
  const rest = Object.entries(membersOf(value)).filter(([key]) => key !== name);
  const was = Object.keys(membersOf(value)).indexOf(name);
  if (member !== undefined) rest.splice(was < 0 ? rest.length : was, 0, [name, member]);
  return Object.fromEntries(rest);
}
