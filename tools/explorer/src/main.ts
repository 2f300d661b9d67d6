// One script for both: the page starts it again as its worker. So what both need is in it once.

if (typeof document === 'undefined') void import('./worker/main.ts');
else {
  (globalThis as { ownText?: string }).ownText = document.currentScript?.textContent ?? '';
  void import('./page/main.tsx');
}
