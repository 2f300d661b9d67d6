export function RunToolView() {
  return <p>not here yet</p>;
}
