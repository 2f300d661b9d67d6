import { route } from './route.ts';
import { LiveView } from './live.tsx';
import { TraceView } from './trace.tsx';
import { ToolsView } from './tools.tsx';
import { GraphView } from './graph.tsx';
import { HealthView } from './health.tsx';
import { CompareView } from './compare.tsx';
import { RunToolView } from './run_tool.tsx';
import { ChannelView } from './channel.tsx';

const kViews = {
  live: LiveView, trace: TraceView, tools: ToolsView, graph: GraphView, health: HealthView, compare: CompareView,
  run: RunToolView, channel: ChannelView, approvals: LiveView, unknown: LiveView,
};

export function App() {
  const View = kViews[route.value.view];
  return <View />;
}
