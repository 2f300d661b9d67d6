export function HealthView() {
  return <p>not here yet</p>;
}
