// The file beside the page, /explorer/rooms.js: the views that are not always looked at, and uPlot.
// It brings its style along, which the page's policy knows too. What they share with the page they take from it (page/shared.ts); build.mjs sees to that.

import { CompareView } from './page/compare.tsx';
import { ChannelView } from './page/channel.tsx';
import { Detail } from './page/detail.tsx';
import { FileBox } from './page/file_box.tsx';
import { GraphView } from './page/graph.tsx';
import { HealthView } from './page/health.tsx';
import { RunToolView } from './page/run_tool.tsx';
import { ToolsView } from './page/tools.tsx';
import { TraceView } from './page/trace.tsx';

export const rooms = { ChannelView, CompareView, Detail, FileBox, GraphView, HealthView, RunToolView, ToolsView, TraceView };
export type Rooms = typeof rooms;
(globalThis as { rooms?: Rooms }).rooms = rooms;

declare const ROOMS_STYLE: string; // build.mjs
const style = document.createElement('style');
style.textContent = ROOMS_STYLE;
document.head.append(style);
