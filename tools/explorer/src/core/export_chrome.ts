// Chrome trace events, as ui.perfetto.dev opens them: a task is a process, an agent in it a
// thread; calls of one agent side by side get rows of their own, because slices of one row
// must not cross. Times are whole microseconds, rounded down.

import { counted, type ExportOptions, type Writer } from './export.ts';
import { isFailure, OpenCalls, PartsReader, startOf, type OpenCall, type Parts } from './export_parts.ts';

interface Lane {
  pid: number;
  tid: number;
  open: boolean;
  /** Its last slice ended here. */
  freeUs: number;
}
interface Process {
  pid: number;
  agents: Map<string, Lane[]>;
}
const kLogPid = 1;
const kMaxRemembered = 100_000;
const us = (ns: bigint): number => Number(ns / 1000n);
/** Without what is empty. */
const given = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== '' && value !== null && value !== undefined));

export function makeChromeWriter({ filter, exportedAt }: ExportOptions): Writer {
  const reader = new PartsReader(), calls = new OpenCalls<Lane | null>();
  const processes = new Map<string, Process>();
  // Where the slices of ended calls lie, for the arrows of `depends_on`.
  const ended = new Map<string, { lane: Lane; startUs: number; endUs: number }>();
  let events = 0, lastId = kLogPid, flows = 0, gaps = 0, lost = 0, unfinished = 0, epoch = '';

  const print = (event: unknown): string => (events++ ? ',\n' : '') + JSON.stringify(event);
  const nameOf = (what: string, pid: number, tid: number, name: string): string => print({ name: what, ph: 'M', pid, ...(tid ? { tid } : {}), args: { name } });
  const at = (name: string, cat: string, ph: string, ts: number, { pid, tid }: Lane, more: object): string => print({ name, cat, ph, ts, pid, tid, ...more });
  // Two lines of reasoning of one agent are two rows.
  const agentOf = ({ agent, thread }: Parts): string => (thread === '' || thread === 'main' ? agent : `${agent} / ${thread}`);

  /** A lane that is free then; `any`: the first one, busy or not. Says the names of new ones. */
  function laneOf(parts: Parts, fromUs: number, any: boolean): readonly [Lane, string] {
    let said = '', process = processes.get(parts.task);
    if (!process) {
      processes.set(parts.task, (process = { pid: ++lastId, agents: new Map() }));
      said += nameOf('process_name', process.pid, 0, parts.task ? `task ${parts.task}` : 'no task');
    }
    const agent = agentOf(parts), lanes = process.agents.get(agent) ?? [];
    process.agents.set(agent, lanes);
    let lane = any ? lanes[0] : lanes.find(({ open, freeUs }) => !open && freeUs <= fromUs);
    if (!lane) {
      lanes.push((lane = { pid: process.pid, tid: ++lastId, open: false, freeUs: 0 }));
      said += nameOf('thread_name', lane.pid, lane.tid, (agent || 'no agent') + (lanes.length > 1 ? ` #${lanes.length}` : ''));
    }
    return [lane, said];
  }

  const origin = ({ id, session, agent, role, traceId, spanId, turn }: Parts): Record<string, unknown> =>
    ({ event_id: id, session_id: session, agent_id: agent, agent_role: role, trace_id: traceId, span_id: spanId, turn_index: turn });
  function argsOf(action: Parts | undefined, end: Parts | undefined): object {
    const head = (action ?? end)!;
    return { args: given({
      ...origin(head), tool_call_id: head.call, server: head.server || end?.server, orphan: action ? null : true, arguments: action?.text,
      unfinished: end ? null : true, observation_event_id: end?.id, status: end?.status, exit_code: end?.exit, result: end?.text,
    }) };
  }

  function tellUnfinished({ action, matches, mark }: OpenCall<Lane | null>): string {
    if (!matches || !mark) return '';
    unfinished++;
    return at(action.tool || 'tools/call', 'tool', 'B', us(action.timeNs), mark, argsOf(action, undefined));
  }

  /** An arrow from the end of each call this one waited for to its beginning. */
  function arrows(action: Parts, lane: Lane, startUs: number): string {
    return action.dependsOn.map((id) => {
      const from = ended.get(id);
      if (!from) return '';
      const flow = { id: ++flows };
      return at('depends_on', 'flow', 's', Math.max(from.startUs, from.endUs - 1), from.lane, flow) + at('depends_on', 'flow', 'f', startUs, lane, { ...flow, bp: 'e' });
    }).join('');
  }

  function tellCall(call: OpenCall<Lane | null> | undefined, end: Parts): string {
    const action = call?.action, head = action ?? end;
    const startNs = startOf(action, end), startUs = us(startNs), endUs = us(end.timeNs);
    // A host's clock may have gone back after its action: then the lane it took is not known to be free.
    const held = call?.mark && startNs === action?.timeNs ? call.mark : null;
    if (call?.mark && !held) call.mark.open = false;
    const [lane, said] = held ? [held, ''] : laneOf(head, startUs, false);
    lane.open = false;
    lane.freeUs = endUs;
    if (head.call && ended.size < kMaxRemembered) ended.set(head.call, { lane, startUs, endUs });
    return said + at(head.tool || end.tool || 'tools/call', 'tool', 'X', startUs, lane, {
      dur: endUs - startUs, ...(isFailure(end) ? { cname: 'terrible' } : {}), ...argsOf(action, end),
    }) + (action ? arrows(action, lane, startUs) : '');
  }

  return {
    begin: () => '{"displayTimeUnit":"ms","traceEvents":[\n',
    entry({ row, body, matches }) {
      const parts = reader.read(row, body);
      let said = '';
      if (events === 0) said = nameOf('process_name', kLogPid, 0, `flight log ${(epoch = parts.epoch)}`);
      if (parts.type === 'action') {
        let mark: Lane | null = null;
        if (matches) {
          const [lane, names] = laneOf(parts, us(parts.timeNs), false);
          mark = lane;
          mark.open = true;
          said += names;
        }
        return said + calls.open({ action: parts, matches, mark }).map(tellUnfinished).join('');
      }
      if (parts.type === 'observation') {
        const call = calls.take(parts.call);
        return matches || call?.matches ? said + tellCall(call, parts) : said;
      }
      if (!matches) return said;
      const [lane, names] = laneOf(parts, 0, true);
      return said + names + at(parts.name || parts.type || 'entry', parts.type === 'thought' ? 'thought' : 'entry', 'i', us(parts.timeNs), lane,
        { s: 't', args: given({ ...origin(parts), text: parts.text }) });
    },
    gap({ from, to, count, reason }) {
      gaps++;
      lost += count;
      return at(`gap: ${count} entries`, 'gap', 'i', us(reader.lastNs), { pid: kLogPid, tid: kLogPid, open: false, freeUs: 0 }, { s: 'g', args: { from, to, count, reason } });
    },
    end() {
      const rest = calls.rest().map(tellUnfinished).join('');
      return `${rest}\n],"otherData":${JSON.stringify({ format: 'mcp-orchestrator-chrome/1', exported_at: exportedAt, filter, epoch, gaps, lost_entries: lost, unfinished_calls: unfinished })}}\n`;
    },
    leftOut: () => (unfinished ? [`${counted(unfinished, 'call without an end', 'calls without an end')} (written as begun)`] : []),
  };
}
