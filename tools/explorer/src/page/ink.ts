// Colours of style.css for what is drawn and not styled: `light-dark()` comes to one of its two.

export function inkOf(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
export const isDark = (): boolean => matchMedia('(prefers-color-scheme: dark)').matches;
