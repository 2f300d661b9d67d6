export function CompareView() {
  return <p>not here yet</p>;
}
