export function ChannelView() {
  return <p>not here yet</p>;
}
