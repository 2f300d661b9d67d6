export function ToolsView() {
  return <p>not here yet</p>;
}
