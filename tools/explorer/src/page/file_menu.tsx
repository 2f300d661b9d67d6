// Files out and in. The button is always here; its dialog (file_box.tsx) is a room.

import { signal } from '@preact/signals';
import { Icon } from './icons.tsx';
import { Room } from './room.tsx';

export { DropZone } from './drop_zone.tsx';

const isOpen = signal(false);
export function openExport(): void {
  isOpen.value = true;
}

export function FileMenu() {
  return (
    <>
      <button type="button" aria-haspopup="dialog" onClick={openExport}><Icon name="file" />Files</button>
      {isOpen.value && <Room name="FileBox" onClose={() => (isOpen.value = false)} />}
    </>
  );
}
