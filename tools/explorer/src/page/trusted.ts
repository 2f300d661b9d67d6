// The one Trusted Types policy of the page: the worker's address, and the text of the charts.
// It makes nothing else, and the hash in the page's own policy is what admits that text.

// Chromium has it, others not yet.
declare const trustedTypes: undefined | {
  createPolicy(name: string, rules: { createScriptURL(url: string): string; createScript(text: string): string }): {
    createScriptURL(url: string): unknown;
    createScript(text: string): unknown;
  };
};

let allowed = '';
const check = (made: string): string => {
  if (made !== allowed) throw new TypeError('not made by this page');
  return made;
};
const policy = typeof trustedTypes === 'undefined' ? null : trustedTypes.createPolicy('explorer', { createScriptURL: check, createScript: check });

export function startBlobWorker(text: string): Worker {
  allowed = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  return new Worker((policy?.createScriptURL(allowed) ?? allowed) as string);
}
export function runScript(text: string): void {
  const script = document.createElement('script');
  allowed = text;
  script.textContent = (policy?.createScript(text) ?? text) as string;
  document.head.append(script);
  script.remove();
}
