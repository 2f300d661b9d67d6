// Colours of style.css for what is drawn and not styled: `light-dark()` comes to one of its two.

import { computed, signal } from '@preact/signals';
import { settings } from './state.ts';

const media = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(media.matches);
media.addEventListener('change', () => (systemIsDark.value = media.matches));
/** Whoever draws reads it, and draws anew when it changes. */
export const isDark = computed(() => (settings.value.theme === 'system' ? systemIsDark.value : settings.value.theme === 'dark'));

export function inkOf(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  probe.style.forcedColorAdjust = 'none'; // else a system that has colours of its own makes them all one
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
