export function GraphView() {
  return <p>not here yet</p>;
}
