// Which box is open. The page knows that much; the boxes themselves are rooms (rooms.ts).

import { signal } from '@preact/signals';

export const helpOpen = signal(false);
export const settingsOpen = signal(false);
export const presetsOpen = signal(false);
export const tokenBox = signal(false);
