// Where the tools of a graph lie: forces in small steps, from places that their ids choose, so
// that the same graph is the same picture. x and y of each id in turn, from 0 to 1.

/** `edges`: indexes of two of `ids` and how strongly they pull, in threes. */
export interface LayoutOf {
  ids: string[];
  edges: number[];
}

/** Uses nothing from outside itself: its text is the program of a worker (graph_drawing.tsx). */
export function layoutGraph({ ids, edges }: LayoutOf): Float64Array {
  const kSteps = 300;
  /** FNV-1a. */
  const hashOf = (text: string): number => {
    let hash = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    // The last characters have hardly moved the high bits yet.
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 13)) >>> 0;
  };

  const n = ids.length, places = new Float64Array(2 * n), moves = new Float64Array(2 * n);
  // In an order of their own: that in which the server told them changes no sum.
  const order = ids.map((_, i) => i).sort((a, b) => (ids[a]! < ids[b]! ? -1 : 1));
  const sorted: number[][] = [];
  for (let e = 0; e + 2 < edges.length; e += 3) sorted.push([edges[e]!, edges[e + 1]!, edges[e + 2]!]);
  const rank = new Int32Array(n);
  order.forEach((i, at) => (rank[i] = at));
  sorted.sort((a, b) => rank[a[0]!]! - rank[b[0]!]! || rank[a[1]!]! - rank[b[1]!]!);
  for (const i of order) {
    const hash = hashOf(ids[i]!);
    places[2 * i] = (hash & 0xffff) / 0xffff - 0.5;
    places[2 * i + 1] = (hash >>> 16) / 0xffff - 0.5;
  }

  const apart = 1 / Math.sqrt(Math.max(1, n));
  for (let step = 0; step < kSteps; step++) {
    moves.fill(0);
    for (let a = 0; a < n; a++) {
      const i = 2 * order[a]!;
      for (let b = a + 1; b < n; b++) {
        const j = 2 * order[b]!;
        const dx = places[i]! - places[j]! || 1e-4 * (a - b), dy = places[i + 1]! - places[j + 1]!;
        const push = (apart * apart) / Math.max(dx * dx + dy * dy, 1e-6);
        moves[i]! += dx * push;
        moves[i + 1]! += dy * push;
        moves[j]! -= dx * push;
        moves[j + 1]! -= dy * push;
      }
    }
    for (const [from, to, weight] of sorted as [number, number, number][]) {
      const i = 2 * from, j = 2 * to;
      const dx = places[i]! - places[j]!, dy = places[i + 1]! - places[j + 1]!;
      const pull = (Math.sqrt(dx * dx + dy * dy) / apart) * (0.3 + 0.7 * weight);
      moves[i]! -= dx * pull;
      moves[i + 1]! -= dy * pull;
      moves[j]! += dx * pull;
      moves[j + 1]! += dy * pull;
    }
    const most = 0.1 * (1 - step / kSteps); // the farthest anything goes in this step
    for (let k = 0; k < 2 * n; k += 2) {
      // To the middle, so that what has no edge stays near.
      const dx = moves[k]! - places[k]! * 0.9, dy = moves[k + 1]! - places[k + 1]! * 0.9;
      const far = Math.sqrt(dx * dx + dy * dy) || 1, go = Math.min(far * 0.2, most) / far;
      places[k]! += dx * go;
      places[k + 1]! += dy * go;
    }
  }

  for (const axis of [0, 1]) {
    let least = Infinity, most = -Infinity;
    for (let k = axis; k < 2 * n; k += 2) {
      least = Math.min(least, places[k]!);
      most = Math.max(most, places[k]!);
    }
    for (let k = axis; k < 2 * n; k += 2) places[k] = most > least ? (places[k]! - least) / (most - least) : 0.5;
  }
  return places;
}
