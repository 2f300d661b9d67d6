// Received values as a TypeScript file: each must be exactly of its declared type, no member
// missing, none that is not declared. So the declarations of tools/types cannot drift from
// what the server sends.

import fs from 'node:fs';
import path from 'node:path';
import { root, run } from './support.mjs';

export const built = process.env.DEVS_TYPES; // the package, compiled
const tsc = path.join(root, 'tools/types/node_modules/typescript/bin/tsc');
const sources = path.join(root, 'tools/types/src');

export class TypeFixture {
  lines = [];
  seen = new Map(); // type expression to how often

  // `value` was received where `type` (an expression over `T`, the package) is declared.
  add(type, value) {
    const count = this.seen.get(type) ?? 0;
    this.seen.set(type, count + 1);
    if (count < 200) this.lines.push(`export const v${this.lines.length}: ${type} = ${JSON.stringify(value)};`);
  }
  // Every event of the map `events` was received, but for `except`.
  allOf(events, except = []) {
    const of = events === 'T.ControlEvents' ? 'T.EventsOf<' : `T.EventsOf<${events}>[`;
    const names = [...this.seen.keys()].filter((type) => type.startsWith(of))
      .map((type) => /\["(\w+)"\]$/.exec(type)[1]).concat(except);
    const union = names.map((name) => JSON.stringify(name)).join(' | ');
    this.lines.push(`export const v${this.lines.length}: [Exclude<keyof ${events}, ${union}>] extends [never] ? true : 'not all were seen' = true;`);
  }
  // What a client of that map of events is told.
  follow(client, events) {
    client.onAny(({ name, data }) => this.add(`T.EventsOf<${events}>[${JSON.stringify(name)}]`, data));
    return client;
  }

  // The complaints of the compiler, each with its line.
  async complaints(dir) {
    const file = path.join(dir, 'received.mts'), config = path.join(dir, 'tsconfig.json');
    const head = `import type * as T from ${JSON.stringify(path.join(built, 'index.js'))};`;
    fs.writeFileSync(file, [head, ...this.lines, ''].join('\n'));
    fs.writeFileSync(config, JSON.stringify({ extends: path.join(root, 'tools/types/tsconfig.json'),
      compilerOptions: { rootDir: '/', noEmit: true }, include: [file] }));
    const { code, out } = await run(process.execPath, [tsc, '-p', config], { cwd: dir });
    if (code === 0) return [];
    return [...out.matchAll(/\((\d+),\d+\): error (.*)/g)].map(([, line, words]) => `${words}\n    ${this.lines[line - 2]?.slice(0, 2_000)}`)
      .concat(/\(\d+,\d+\): error/.test(out) ? [] : [out]);
  }

  // Exported declarations that nothing received is of, directly or as a part.
  unseen(files) {
    const declared = new Map();
    for (const name of files)
      for (const [text, type] of fs.readFileSync(path.join(sources, name), 'utf8').matchAll(/^(?:export )?(?:interface|type) (\w+)[^]*?\n(?=[\n/a-z]|(?![^]))/gm))
        declared.set(type, text);
    const words = (text) => new Set(text.match(/\w+/g));
    const reached = new Set(), open = [...words([...this.seen.keys()].join(' '))];
    for (let word = open.pop(); word !== undefined; word = open.pop()) {
      if (reached.has(word) || !declared.has(word)) continue;
      reached.add(word);
      open.push(...words(declared.get(word)));
    }
    return [...declared].filter(([type, text]) => text.startsWith('export') && !reached.has(type)).map(([type]) => type);
  }
}
