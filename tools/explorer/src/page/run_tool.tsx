// Pick a tool, fill in its form, call it, watch it: each call is a task of its own.

import { useEffect, useRef, useState } from 'preact/hooks';
import { blankOf, complaintsOf, fieldOf, type Field } from '../core/schema_form.ts';
import { counted, duration } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { JsonView, LongText } from './json_view.tsx';
import { callMcp } from './mcp.ts';
import { QuestionForm } from './question.tsx';
import { usePolled } from './rest.ts';
import { printRoute, route, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { SchemaField } from './schema_fields.tsx';
import { callTool, type Progress, type Question, type Reply, type ToolResult } from './tool_call.ts';

interface Tool {
  name: string;
  description?: string;
  inputSchema?: unknown;
}
const kEveryMs = 60_000;
const kMaxPages = 50;

async function listTools(): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < kMaxPages; page++) {
    const { result, error } = await callMcp<{ tools: Tool[]; nextCursor?: string }>('tools/list', { params: cursor === undefined ? {} : { cursor } });
    if (error) throw new Error(error.message);
    tools.push(...(result?.tools ?? []));
    cursor = result?.nextCursor;
    if (cursor === undefined) break;
  }
  return tools.sort((a, b) => (a.name < b.name ? -1 : 1));
}
/** `crypto.randomUUID` is not there on plain http. */
const freshTask = (): string => `run-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

export function RunToolView() {
  const { value: tools, failed } = usePolled(listTools, kEveryMs, 'tools');
  const [wanted, setWanted] = useState('');
  const name = route.value.params.tool ?? '';
  const tool = tools?.find((one) => one.name === name);
  const shown = tools?.filter((one) => `${one.name} ${one.description ?? ''}`.toLowerCase().includes(wanted.toLowerCase())) ?? [];
  return (
    <div class="room run-room">
      <div class="bar"><h2 class="grow">Run a tool</h2>{tools && <span class="muted">{counted(tools.length, 'tool')}</span>}</div>
      {failed && <p class="bad" role="alert"><SafeText text={failed} /></p>}
      <div class="split">
        <nav class="tool-list" aria-label="Tools">
          <input aria-label="Find a tool" placeholder="Find a tool" value={wanted} spellcheck={false} onInput={({ currentTarget }) => setWanted(currentTarget.value)} />
          <ul>{shown.map((one) => (
            <li key={one.name}><button type="button" class="quiet" title={one.name} aria-pressed={one.name === name} onClick={() => setParams({ tool: one.name }, false)}><SafeText text={one.name} /></button></li>
          ))}</ul>
          {tools?.length === 0 && <p class="muted">The server has no tools.</p>}
        </nav>
        {tool ? <Runner key={tool.name} tool={tool} /> : <p class="empty">{name && tools ? <>There is no tool <SafeText text={name} />.</> : 'Choose a tool.'}</p>}
      </div>
    </div>
  );
}

interface Run {
  task: string;
  began: number;
  took: number | null;
  progress: Progress | null;
  question: (Question & { n: number; reply: (reply: Reply) => void }) | null;
  result: ToolResult | null;
  failed: string;
}

function Runner({ tool: { name, description, inputSchema } }: { tool: Tool }) {
  const [field] = useState<Field>(() => fieldOf(inputSchema ?? { type: 'object' }));
  const [value, setValue] = useState<unknown>(() => blankOf(field) ?? {});
  const [raw, setRaw] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string[]>([]);
  const [run, setRun] = useState<Run | null>(null);
  const isRunning = run !== null && run.took === null;
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  /** The arguments, or null after saying what is wrong with them. */
  const readArguments = (): unknown => {
    if (raw !== null) {
      try {
        const parsed: unknown = JSON.parse(raw);
        if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
        setWrong(['arguments must be a JSON object']);
      } catch (error) {
        setWrong([`arguments are no JSON: ${(error as Error).message}`]);
      }
      return null;
    }
    const complaints = complaintsOf(field, value);
    setWrong(complaints.map(({ path, words }) => `${path || 'arguments'} ${words}`));
    return complaints.length === 0 ? value : null;
  };
  const start = async (): Promise<void> => {
    if (isRunning) return;
    const given = readArguments();
    if (given === null) return;
    setWrong([]);
    const task = freshTask(), began = performance.now(), abort = new AbortController();
    const fresh: Run = { task, began, took: null, progress: null, question: null, result: null, failed: '' };
    const became = (more: Partial<Run>): void => setRun((run) => (run?.task === task ? { ...run, ...more } : run));
    const ended = (more: Partial<Run>): void => became({ took: performance.now() - began, question: null, ...more });
    let questions = 0;
    const ask = (question: Question): Promise<Reply> => new Promise((resolve, reject) => {
      abort.signal.addEventListener('abort', reject);
      became({ question: { ...question, n: ++questions, reply: (reply) => { became({ question: null }); resolve(reply); } } });
    });
    stop.current = abort;
    setRun(fresh);
    try {
      const { result, error } = await callTool({ name, schema: inputSchema, given, task, signal: abort.signal, onProgress: (progress) => became({ progress }), ask });
      ended(error ? { failed: `${error.message} (${error.code})` } : { result: result ?? {} });
    } catch (error) {
      ended({ failed: abort.signal.aborted ? 'cancelled' : error instanceof Error ? error.message : String(error) });
    }
  };
  const switchRaw = (): void => {
    if (raw === null) return setRaw(JSON.stringify(value, null, 2));
    const parsed = readArguments();
    if (parsed === null) return;
    setValue(parsed);
    setRaw(null);
    setWrong([]);
  };

  return (
    <div class="runner">
      <h3><SafeText text={name} /></h3>
      {description && <p class="keep"><SafeText text={description} /></p>}
      <form onSubmit={(event) => { event.preventDefault(); void start(); }}>
        {raw !== null
          ? <textarea aria-label="Arguments as JSON" rows={10} spellcheck={false} value={raw} onInput={({ currentTarget }) => setRaw(currentTarget.value)} />
          : field.kind === 'object' && field.fields.length === 0 ? <p class="muted">It takes no arguments.</p> : <SchemaField field={field} value={value} onChange={setValue} />}
        {wrong.length > 0 && <ul class="bad" role="alert">{wrong.map((one) => <li key={one}><SafeText text={one} /></li>)}</ul>}
        <div class="bar">
          <button type="submit" class="primary" aria-disabled={isRunning}>Run</button>
          {isRunning && !run.question && <button type="button" onClick={() => stop.current?.abort()}>Cancel</button>}
          <button type="button" aria-pressed={raw !== null} onClick={switchRaw}>JSON</button>
        </div>
      </form>
      {run && <Outcome tool={name} run={run} />}
    </div>
  );
}

function Outcome({ tool, run: { task, took, progress, question, result, failed } }: { tool: string; run: Run }) {
  const state = took === null ? 'running' : failed || result?.isError ? 'error' : 'ok';
  return (
    <section class="panel" aria-label="Result">
      <div class="bar">
        <span class="status" role="status" data-status={state}><Icon name={state} />{took === null ? (question ? 'waits for your answer' : 'running') : failed ? <SafeText text={failed} /> : result?.isError ? 'the tool says: error' : 'ok'}</span>
        {took !== null && <span class="muted">{duration(took)}</span>}
        <a href={printRoute({ view: 'trace', path: [task], params: {} })}>Its trace, {task}</a>
      </div>
      {took === null && progress && (
        <p><progress aria-label="Progress" {...(progress.total > 0 && { max: progress.total, value: progress.progress })} /> {progress.progress}{progress.total > 0 && ` of ${progress.total}`} <SafeText text={progress.message} /></p>
      )}
      {question && <QuestionForm key={question.n} tool={tool} question={question} onReply={question.reply} />}
      {result?.content?.map((part, i) => (part.type === 'text' ? <pre key={i}><LongText text={part.text ?? ''} /></pre> : <JsonView key={i} value={part} root="$" />))}
      {result?.structuredContent !== undefined && <details><summary>Structured content</summary><JsonView value={result.structuredContent} root="$" /></details>}
    </section>
  );
}
