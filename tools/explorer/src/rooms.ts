// The file beside the page, /explorer/rooms.js: the views that are not always looked at, and uPlot.
// What they share with the page they take from it (page/shared.ts); build.mjs sees to that. Their
// style comes along, and the page's policy knows it too.

import { CompareView } from './page/compare.tsx';
import { ChannelView } from './page/channel.tsx';
import { Detail } from './page/detail.tsx';
import { FileBox } from './page/file_box.tsx';
import { GraphView } from './page/graph.tsx';
import { HelpDialog } from './page/help.tsx';
import { HealthView } from './page/health.tsx';
import { LiveEmpty } from './page/live_empty.tsx';
import { OlderLine } from './page/older_line.tsx';
import { openFile } from './page/opened_file.tsx';
import { PresetsDialog } from './page/preset_box.tsx';
import { RunToolView } from './page/run_tool.tsx';
import { ServerTraces } from './page/server_traces.tsx';
import { SettingsDialog } from './page/settings.tsx';
import { ReplayBar } from './page/replay.tsx';
import { RangeDialog } from './page/time_range.tsx';
import { ToolsView } from './page/tools.tsx';
import { TraceView } from './page/trace.tsx';

export const rooms = { ChannelView, CompareView, Detail, FileBox, GraphView, HealthView, HelpDialog, LiveEmpty, OlderLine, PresetsDialog, RangeDialog, ReplayBar, RunToolView, ServerTraces, SettingsDialog, ToolsView, TraceView, openFile };
export type Rooms = typeof rooms;
(globalThis as { rooms?: Rooms }).rooms = rooms;

declare const ROOMS_STYLE: string; // build.mjs
const style = document.createElement('style');
style.textContent = ROOMS_STYLE;
document.head.append(style);
