export function TraceView() {
  return <p>not here yet</p>;
}
