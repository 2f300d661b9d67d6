// Makes the page: one HTML file with its worker as text inside, and the policy it needs.
//
//   node build.mjs <folder>    explorer.html, explorer.html.gz, explorer.csp, uplot.js, uplot.js.gz
//   node build.mjs --sizes     what each part weighs, gzipped

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = import.meta.dirname;
const kMaxGzipBytes = 60 * 1024; // explorer.md E69

const common = {
  absWorkingDir: here, bundle: true, minify: true, write: false, target: 'es2022', legalComments: 'none',
  jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning', sourcemap: false, charset: 'utf8',
};
const textOf = async (entry, more = {}) =>
  (await build({ ...common, format: 'iife', entryPoints: [entry], ...more })).outputFiles[0].text.trim();
// A script ends where the text `</script` stands, in a string too.
const inScript = (text) => text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

async function parts() {
  const worker = await textOf('src/worker/main.ts');
  const page = await textOf('src/page/main.tsx', { define: { WORKER_TEXT: JSON.stringify(worker) } });
  const style = await textOf('src/page/style.css');
  // Not in the page: it is fetched when charts are looked at, and runs because its hash is known.
  const charts = await textOf('src/charts.ts');
  return { worker, page, style, charts };
}

export async function makePage() {
  const { page, style, charts } = await parts();
  const script = inScript(page);
  const policy = [
    "default-src 'none'", `script-src ${sha256(script)} ${sha256(charts)}`, `style-src ${sha256(style)}`, 'worker-src blob:',
    "connect-src 'self'", 'img-src data:', "base-uri 'none'", "form-action 'none'",
    "require-trusted-types-for 'script'", 'trusted-types explorer',
  ].join('; ');
  // A saved copy has the policy too; frame-ancestors counts in a header alone.
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>mcp-orchestrator</title><style>${style}</style></head>
<body><div id="page"><noscript>This page needs JavaScript; <code>curl -N</code> on /trace/stream does not.</noscript></div><script>${script}</script></body></html>
`;
  return { html, csp: `${policy}; frame-ancestors 'none'`, charts };
}

async function main() {
  const [what] = process.argv.slice(2);
  if (what === '--sizes') {
    const { worker, page, style, charts } = await parts();
    for (const [name, text] of Object.entries({ worker, 'page, with the worker': page, style, 'uplot.js, beside the page': charts }))
      console.log(`${name}: ${text.length} bytes, ${gzipSync(text, { level: 9 }).length} gzipped`);
    return;
  }
  if (what === undefined) throw new Error('usage: node build.mjs <folder> | --sizes');
  const { html, csp, charts } = await makePage();
  const zipped = gzipSync(html, { level: 9 });
  fs.mkdirSync(what, { recursive: true });
  fs.writeFileSync(path.join(what, 'explorer.html'), html);
  fs.writeFileSync(path.join(what, 'explorer.html.gz'), zipped);
  fs.writeFileSync(path.join(what, 'explorer.csp'), csp);
  fs.writeFileSync(path.join(what, 'uplot.js'), charts);
  fs.writeFileSync(path.join(what, 'uplot.js.gz'), gzipSync(charts, { level: 9 }));
  console.log(`explorer.html: ${html.length} bytes, ${zipped.length} gzipped (at most ${kMaxGzipBytes})`);
  if (zipped.length > kMaxGzipBytes) throw new Error(`the page is over its ${kMaxGzipBytes} bytes`);
}

if (process.argv[1] === import.meta.filename) await main();
