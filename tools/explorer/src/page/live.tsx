export function LiveView() {
  return <p>not here yet</p>;
}
