// Makes the page, one HTML file whose script is its worker too; the file of its rooms, fetched
// when one is opened; and the policy both need.
//
//   node build.mjs <folder>    explorer.html and rooms.js, each with .gz and .tag (for an ETag);
//                              explorer.csp; explorer.d, what they were made from
//   node build.mjs --sizes     what each part weighs, gzipped

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = import.meta.dirname;
export const kMaxGzipBytes = 60 * 1024; // E69; test/browser/built_page.mjs holds it

const common = {
  absWorkingDir: here, bundle: true, minify: true, write: false, metafile: true, target: 'es2022', legalComments: 'none',
  jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning', sourcemap: false, charset: 'utf8',
};
/** Paths of all sources. */
const read = new Set();
async function textOf(entry, more = {}) {
  const { outputFiles, metafile } = await build({ ...common, format: 'iife', entryPoints: [entry], ...more });
  for (const input of Object.keys(metafile.inputs)) if (!input.startsWith('page:')) read.add(path.join(here, input));
  const [{ exports }] = Object.values(metafile.outputs);
  return { text: outputFiles[0].text.trim(), inputs: metafile.inputs, exports };
}
/** Imports of what the page lends (shared.ts) become members of its one object, `explorer`. */
const borrow = (lent, names) => ({
  name: 'borrow',
  setup(build) {
    build.onResolve({ filter: /^[^/]/ }, async ({ path: wanted, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'asked') return undefined;
      const { path: file } = await build.resolve(wanted, { kind, importer, resolveDir, pluginData: 'asked' });
      return lent.has(path.relative(here, file)) ? { path: 'explorer', namespace: 'page' } : undefined;
    });
    build.onLoad({ filter: /^explorer$/, namespace: 'page' }, () => ({ contents: `export const { ${names.join(', ')} } = explorer;` }));
  },
});
// A script ends where the text `</script` stands, in a string too.
const inScript = (text) => text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

// Whose code is in the page besides ours, in the file that has room for it.
const notices = ['preact', '@preact/signals', '@preact/signals-core', 'uplot'].map((name) =>
  `${name}\n\n${fs.readFileSync(path.join(here, 'node_modules', name, 'LICENSE'), 'utf8').trim()}`);
const kNotices = `/*\nIn this page, besides our own (Apache-2.0):\n\n${notices.join('\n\n')}\n*/\n`;

async function parts() {
  const page = await textOf('src/main.ts');
  const style = await textOf('src/page/style.css');
  const roomsStyle = await textOf('src/page/rooms.css');
  const lent = new Set(page.inputs['src/page/shared.ts'].imports.map((one) => one.path));
  const { exports } = await textOf('src/page/shared.ts', { format: 'esm' });
  const rooms = await textOf('src/rooms.ts', { plugins: [borrow(lent, exports)], define: { ROOMS_STYLE: JSON.stringify(roomsStyle.text) } });
  // A module of the page holds state: there must be one of it.
  const twice = Object.keys(rooms.inputs).filter((file) => file.startsWith('src/page/') && page.inputs[file] !== undefined);
  if (twice.length > 0) throw new Error(`lend these in src/page/shared.ts: ${twice.join(' ')}`);
  return { page: inScript(page.text), style: style.text, roomsStyle: roomsStyle.text, rooms: kNotices + inScript(rooms.text) };
}

export async function makePage() {
  const { page, style, rooms, roomsStyle } = await parts();
  const policy = [
    "default-src 'none'", `script-src ${sha256(page)} ${sha256(rooms)}`, `style-src ${sha256(style)} ${sha256(roomsStyle)}`, 'worker-src blob:',
    "connect-src 'self'", 'img-src data:', "base-uri 'none'", "form-action 'none'",
    "require-trusted-types-for 'script'", 'trusted-types explorer',
  ].join('; ');
  // A saved copy has the policy too; frame-ancestors counts in a header alone.
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3' fill='%2314566e'/%3E%3C/svg%3E">
<title>mcp-orchestrator</title><style>${style}</style></head>
<body><div id="page"><noscript>This page needs JavaScript; <code>curl -N</code> on /trace/stream does not.</noscript></div><script>${page}</script></body></html>
`;
  return { html, csp: `${policy}; frame-ancestors 'none'`, rooms };
}

async function main() {
  const [what] = process.argv.slice(2);
  if (what === '--sizes') {
    const { page, style, rooms } = await parts();
    for (const [name, text] of Object.entries({ 'page and worker': page, style, 'rooms.js, beside the page': rooms }))
      console.log(`${name}: ${text.length} bytes, ${gzipSync(text, { level: 9 }).length} gzipped`);
    return;
  }
  if (what === undefined) throw new Error('usage: node build.mjs <folder> | --sizes');
  const { html, csp, rooms } = await makePage();
  const zipped = gzipSync(html, { level: 9 });
  fs.mkdirSync(what, { recursive: true });
  const write = (name, bytes) => fs.writeFileSync(path.join(what, name), bytes);
  for (const [name, text, gz] of [['explorer.html', html, zipped], ['rooms.js', rooms, gzipSync(rooms, { level: 9 })]]) {
    write(name, text);
    write(`${name}.gz`, gz);
    write(`${name}.tag`, createHash('sha256').update(text).digest('hex').slice(0, 16));
  }
  write('explorer.csp', csp);
  const escaped = (file) => file.replace(/[ #]/g, '\\$&').replaceAll('$', '$$$$');
  write('explorer.d', `${escaped(path.resolve(what, 'explorer.html'))}: ${[...read].sort().map(escaped).join(' ')}\n`);
  console.log(`explorer.html: ${html.length} bytes, ${zipped.length} gzipped (at most ${kMaxGzipBytes})`);
}

if (process.argv[1] === import.meta.filename) await main();
