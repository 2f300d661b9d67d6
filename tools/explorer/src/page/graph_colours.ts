// How a tool of the graph looks: its community a hue and a letter, its server the ring. Where there
// are more than a palette holds, hues are made; contrast_test.ts holds that each can be read.

/** A, B, .. Z, AA, ..: a community is a letter besides its hue. */
export function letterOf(community: number): string {
  return community < 26 ? String.fromCharCode(65 + community) : letterOf(Math.floor(community / 26) - 1) + letterOf(community % 26);
}
// Neighbouring numbers get distant hues.
const hueOf = (n: number): number => Math.round((n * 137.508) % 360);
export const fillOf = (community: number, dark: boolean): string => `hsl(${hueOf(community)} 60% ${dark ? 22 : 82}%)`;
export function ringOf(server: string, servers: readonly string[], dark: boolean): string {
  return `hsl(${hueOf(servers.indexOf(server) + 7)} 70% ${dark ? 70 : 32}%)`;
}
/** How much is left of tools and names that the chosen one has nothing to do with. */
export const kDimmed = 0.7;
