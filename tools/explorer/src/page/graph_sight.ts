// What part of the drawing is on screen: nearer, farther, along. A point of the sheet is on screen at
// `scale * point + (x, y)`; the sheet fills the window always, and at scale 1 is all of it.

export interface Sight {
  scale: number;
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}
export const kAll: Sight = { scale: 1, x: 0, y: 0 };
const kMostScale = 8;

const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));
function held({ scale, x, y }: Sight, { width, height }: Size): Sight {
  return { scale, x: within(width * (1 - scale), x, 0), y: within(height * (1 - scale), y, 0) };
}

/** What is at (x, y) on screen stays there. */
export function nearer(sight: Sight, by: number, x: number, y: number, size: Size): Sight {
  const scale = within(1, sight.scale * by, kMostScale), real = scale / sight.scale;
  return held({ scale, x: x - (x - sight.x) * real, y: y - (y - sight.y) * real }, size);
}
export function along(sight: Sight, dx: number, dy: number, size: Size): Sight {
  return held({ ...sight, x: sight.x + dx, y: sight.y + dy }, size);
}
/** As it is when the point (on screen) is well on screen, else with it in the middle. */
export function showing(sight: Sight, { x, y }: { x: number; y: number }, size: Size): Sight {
  const isSeen = x >= 0 && x <= size.width && y >= 0 && y <= size.height;
  return isSeen ? sight : along(sight, size.width / 2 - x, size.height / 2 - y, size);
}
