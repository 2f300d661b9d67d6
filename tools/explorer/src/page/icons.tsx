// The pictures of the page: one path each, in a box of 16. They stand beside words and are hidden
// from screen readers; a button that has a picture alone has an aria-label.

const kPaths = {
  ok: 'M3 8.5l3.5 3.5L13 4.5',
  error: 'M8 2.5v7M8 12.5v1',
  running: 'M8 2a6 6 0 1 1-6 6',
  cancelled: 'M4 4l8 8M12 4l-8 8',
  none: 'M4 8h8',
  close: 'M4 4l8 8M12 4l-8 8',
  open: 'M6 3l5 5-5 5',
  down: 'M3 6l5 5 5-5',
  up: 'M3 10l5-5 5 5',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 3l8 5-8 5z',
  link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3 3 0 0 1 3 8.5L4.5 7',
  settings: 'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 2.5v4M5 9.5v4',
  help: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.7 8 9 8 10M8 13v.2',
  dot: 'M8 4a4 4 0 1 0 .01 0',
  wait: 'M8 2a6 6 0 1 0 .01 0M8 5v3.5l2.5 1.5',
  warning: 'M8 2l6.5 11.5h-13zM8 6.5v3M8 11.5v.2',
  lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  off: 'M8 2v6M4.5 4.5a5 5 0 1 0 7 0',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  full: 'M2.5 5h11M2.5 8h11M2.5 11h11',
} as const;

export type IconName = keyof typeof kPaths;

export function Icon({ name }: { name: IconName }) {
  return <svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d={kPaths[name]} /></svg>;
}
