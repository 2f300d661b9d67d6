// A JSON value to be read: folded, never all of it at once, each part can be copied with its path.
//
//   <JsonView value={JSON.parse(body)} root="$.params" />
//   <LongText text={stderr} />        plain text in the same steps, searchable inside
//
// Objects and lists open two levels deep and 100 members at a time; a text over 16 KB shows its
// first 16 KB and 64 KB more per click.

import { useEffect, useRef, useState } from 'preact/hooks';
import { copy } from './copy.ts';
import { SafeText } from './safe_text.tsx';

const kFoldAt = 16 * 1024;
const kMore = 64 * 1024;
const kMembers = 100;
const kOpenDepth = 2;

export function LongText({ text, keepEscapes = false }: { text: string; keepEscapes?: boolean }) {
  const [shown, setShown] = useState(kFoldAt);
  const [wanted, setWanted] = useState('');
  const [found, setFound] = useState(-1);
  const mark = useRef<HTMLElement>(null);
  useEffect(() => mark.current?.scrollIntoView({ block: 'nearest' }), [found]);
  if (text.length <= kFoldAt) return <SafeText text={text} keepEscapes={keepEscapes} />;
  const find = () => {
    const low = text.toLowerCase(), what = wanted.toLowerCase();
    let next = what === '' ? -1 : low.indexOf(what, found + 1);
    if (next === -1 && what !== '') next = low.indexOf(what);
    setFound(next);
    if (next + kFoldAt > shown) setShown(next + kFoldAt);
  };
  const to = found === -1 ? 0 : found + wanted.length;
  return (
    <span>
      {found === -1 ? <SafeText text={text.slice(0, shown)} keepEscapes={keepEscapes} /> : <>
        <SafeText text={text.slice(0, found)} keepEscapes={keepEscapes} />
        <mark ref={mark}><SafeText text={text.slice(found, to)} keepEscapes={keepEscapes} /></mark>
        <SafeText text={text.slice(to, shown)} keepEscapes={keepEscapes} />
      </>}
      <span class="bar">
        {shown < text.length && <button type="button" onClick={() => setShown(shown + kMore)}>64 KB more of {sizeOf(text.length - shown)}</button>}
        <input type="search" aria-label="Search inside this text" placeholder="Search inside" value={wanted}
          onInput={(event) => { setWanted(event.currentTarget.value); setFound(-1); }}
          onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); find(); } }} />
        <button type="button" onClick={find}>Find</button>
        <span class="muted" role="status">{found >= 0 ? `at ${found}` : ''}</span>
      </span>
    </span>
  );
}
const sizeOf = (bytes: number) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

interface Node {
  name: string;
  value: unknown;
  path: string;
  depth: number;
}

const isWord = (name: string) => /^[A-Za-z_$][\w$]*$/.test(name);
function membersOf(value: object, path: string, depth: number): Node[] {
  if (Array.isArray(value)) return value.map((one: unknown, at) => ({ name: String(at), value: one, path: `${path}[${at}]`, depth }));
  return Object.entries(value).map(([name, one]): Node =>
    ({ name, value: one, path: isWord(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`, depth }));
}

function Leaf({ value }: { value: unknown }) {
  return typeof value === 'string'
    ? <span class="str">{value === '' ? '""' : <LongText text={value} />}</span>
    : <span class="lit">{String(value)}</span>;
}

function Members({ of, path, depth }: { of: object; path: string; depth: number }) {
  const [shown, setShown] = useState(kMembers);
  const members = membersOf(of, path, depth);
  return (
    <ul>
      {members.slice(0, shown).map((one) => <Line key={one.path} {...one} />)}
      {members.length > shown && <li><button type="button" onClick={() => setShown(shown + kMembers)}>{Math.min(kMembers, members.length - shown)} more of {members.length}</button></li>}
    </ul>
  );
}

/** The copy buttons are there for the line under the pointer or with the focus: a body has thousands of lines. */
function Line({ name, value, path, depth }: Node) {
  const inner = typeof value === 'object' && value !== null ? value : null;
  const [open, setOpen] = useState(depth < kOpenDepth);
  const [near, setNear] = useState(false);
  const count = inner === null ? 0 : Array.isArray(inner) ? inner.length : Object.keys(inner).length;
  return (
    <li>
      <div class="line" onPointerEnter={() => setNear(true)} onPointerLeave={() => setNear(false)} onFocusIn={() => setNear(true)}
        onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as globalThis.Node | null)) setNear(false); }}>
        {inner === null ? <button type="button" class="name" onClick={() => void copy(path, 'Path')}><SafeText text={name} /></button>
        : <button type="button" class="name" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? '▾' : '▸'} <SafeText text={name} /></button>}
        {inner === null ? <Leaf value={value} /> : <span class="muted">{Array.isArray(inner) ? `[${count}]` : `{${count}}`}</span>}
        {near && <span class="copies">
          <button type="button" onClick={() => void copy(typeof value === 'string' ? value : JSON.stringify(value, null, 2), 'Value')}>Copy value</button>
          <button type="button" onClick={() => void copy(path, 'Path')}>Copy path</button>
        </span>}
      </div>
      {inner !== null && open && count > 0 && <Members of={inner} path={path} depth={depth + 1} />}
    </li>
  );
}

export function JsonView({ value, root = '$' }: { value: unknown; root?: string }) {
  return (
    <div class="json">
      {typeof value === 'object' && value !== null ? <Members of={value} path={root} depth={1} />
      : <ul><Line name={root} value={value} path={root} depth={0} /></ul>}
    </div>
  );
}
