// Frames on their way from the leading tab to the others.

import type { SseFrame } from '../core/sse.ts';

export interface Pack {
  ids: (string | null)[];
  names: string[];
  /** -1: a checkpoint. */
  sizes: number[];
  /** A Blob is not copied for those who do not read it. */
  bytes: Uint8Array<ArrayBuffer> | Blob;
}

export function pack(frames: readonly SseFrame[]): Pack & { bytes: Uint8Array<ArrayBuffer> } {
  const sizes = frames.map(({ data }) => data?.length ?? -1);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + Math.max(0, size), 0));
  let at = 0;
  for (const { data } of frames) {
    if (data === null) continue;
    bytes.set(data, at);
    at += data.length;
  }
  return { ids: frames.map(({ id }) => id), names: frames.map(({ name }) => name), sizes, bytes };
}

export async function unpack({ ids, names, sizes, bytes }: Pack): Promise<SseFrame[]> {
  const all = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
  let at = 0;
  return sizes.map((size, index) => ({
    id: ids[index] ?? null, name: names[index] ?? '', data: size < 0 ? null : all.subarray(at, at += size),
  }));
}
