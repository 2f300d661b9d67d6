// Makes the page: one HTML file with its worker as text inside, and the policy it needs.
//
//   node build.mjs <folder>    explorer.html, explorer.html.gz, explorer.csp
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
  return { worker, page, style };
}

export async function makePage() {
  const { page, style } = await parts();
  const script = inScript(page);
  const policy = [
    "default-src 'none'", `script-src ${sha256(script)}`, `style-src ${sha256(style)}`, 'worker-src blob:',
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
  return { html, csp: `${policy}; frame-ancestors 'none'` };
}

async function main() {
  const [what] = process.argv.slice(2);
  if (what === '--sizes') {
    const { worker, page, style } = await parts();
    for (const [name, text] of Object.entries({ worker, 'page, with the worker': page, style }))
      console.log(`${name}: ${text.length} bytes, ${gzipSync(text, { level: 9 }).length} gzipped`);
    return;
  }
  if (what === undefined) throw new Error('usage: node build.mjs <folder> | --sizes');
  const { html, csp } = await makePage();
  const zipped = gzipSync(html, { level: 9 });
  fs.mkdirSync(what, { recursive: true });
  fs.writeFileSync(path.join(what, 'explorer.html'), html);
  fs.writeFileSync(path.join(what, 'explorer.html.gz'), zipped);
  fs.writeFileSync(path.join(what, 'explorer.csp'), csp);
  console.log(`explorer.html: ${html.length} bytes, ${zipped.length} gzipped (at most ${kMaxGzipBytes})`);
  if (zipped.length > kMaxGzipBytes) throw new Error(`the page is over its ${kMaxGzipBytes} bytes`);
}

if (process.argv[1] === import.meta.filename) await main();
