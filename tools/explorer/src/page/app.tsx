// The page: what is on top, the view the address names, what is at the bottom.

import type { ComponentChildren } from 'preact';
import { helpOpen, presetsOpen, settingsOpen, tokenBox } from './boxes.ts';
import { Boundary } from './boundary.tsx';
import { copy } from './copy.ts';
import { DropZone, openExport } from './file_menu.tsx';
import { bytes, counted } from '../core/units.ts';
import { useKeys } from './keys.ts';
import { LiveView } from './live.tsx';
import { Nav } from './nav.tsx';
import { go, printRoute, route, setParams, type ViewName } from './route.ts';
import { Room } from './room.tsx';
import { lookAt, selected, source, togglePause } from './state.ts';
import { StatusLine } from './status_line.tsx';
import { Toasts } from './toasts.tsx';
import { TokenDialog, useTokenBox } from './token_box.tsx';
import { ask, tick } from './worker_link.ts';

function ApprovalsView() {
  return <div class="empty"><h2>Approvals</h2><p>This server asks nobody before a call: approvals come with a later version.</p></div>;
}
function UnknownView() {
  const views = [['live', 'Live'], ['tools', 'Tools'], ['graph', 'Graph'], ['health', 'Health']] as const;
  return (
    <div class="empty">
      <h2>There is no such view</h2>
      <p>The address names one that this page does not have. These it has:</p>
      <ul>{views.map(([view, text]) => <li key={view}><a href={printRoute({ view, path: [], params: {} })}>{text}</a></li>)}</ul>
    </div>
  );
}
const kViews: Record<ViewName, () => ComponentChildren> = {
  live: LiveView, trace: () => <Room name="TraceView" />, approvals: ApprovalsView, unknown: UnknownView,
  tools: () => <Room name="ToolsView" />, graph: () => <Room name="GraphView" />, health: () => <Room name="HealthView" />,
  compare: () => <Room name="CompareView" />, run: () => <Room name="RunToolView" />, channel: () => <Room name="ChannelView" />,
};

/** The form of a trace: of the one on screen, else of the selected row. */
async function toTrace(v: string): Promise<void> {
  if (route.value.view === 'trace') return setParams({ v }, false);
  if (selected.value === null) return;
  const entry = await ask('entry', { source: source.value, ...selected.value });
  if (entry !== null) go({ view: 'trace', path: [entry.row.task || entry.row.session], params: { v, at: entry.row.id } });
}
const to = (view: ViewName) => () => go({ view });

function Footer() {
  const { rows, bodyBytes, gaps, connection: { role, tabs } } = tick.value;
  return (
    <footer class="bar foot muted">
      <span>{counted(rows, 'row')}, {bytes(bodyBytes)}</span>
      {role !== 'alone' && tabs > 1 && <span>shared with {counted(tabs - 1, 'tab')}</span>}
      {gaps > 0 && <span class="bad">{counted(gaps, 'gap')}: some entries are not here</span>}
      <StatusLine />
    </footer>
  );
}

export function App() {
  const { view } = route.value;
  const View = kViews[view];
  useTokenBox();
  useKeys('Everywhere', {
    '?': ['these keys', () => (helpOpen.value = true)],
    Space: ['pause, resume', () => void togglePause()],
    'g l': ['Live', to('live')], 'g t': ['Tree', () => void toTrace('tree')], 'g w': ['Waterfall', () => void toTrace('waterfall')],
    'g c': ['Turns', () => void toTrace('turns')], 'g o': ['Tools', to('tools')], 'g g': ['Graph', to('graph')],
    'g a': ['Approvals', to('approvals')], 'g h': ['Health', to('health')],
    y: ['copy link', () => void copy(location.href, 'Link')], x: ['export', openExport], r: ['replay', () => lookAt('replay')],
  });
  return (
    <DropZone>
      <Nav />
      {source.value === 'replay' && <Room name="ReplayBar" />}
      <main class="view"><Boundary name={view} key={view}><View /></Boundary></main>
      <Footer />
      <Toasts />
      {helpOpen.value && <Room name="HelpDialog" />}
      {settingsOpen.value && <Room name="SettingsDialog" />}
      {presetsOpen.value && <Room name="PresetsDialog" />}
      {tokenBox.value && <TokenDialog />}
    </DropZone>
  );
}
