// The line on top: where one can go, how the connection is.

import { helpOpen, settingsOpen, tokenBox } from './boxes.ts';
import { FileMenu } from './file_menu.tsx';
import { Icon } from './icons.tsx';
import { Indicator } from './indicator.tsx';
import { badge, markSeen, unseen } from './news.ts';
import { printRoute, route, type ViewName } from './route.ts';
import { signedIn } from './session.ts';

const kViews: readonly (readonly [view: ViewName, words: string])[] = [
  ['live', 'Live'], ['tools', 'Tools'], ['graph', 'Graph'], ['run', 'Run a tool'], ['approvals', 'Approvals'], ['health', 'Health'],
];

export function Nav() {
  const here = route.value.view;
  return (
    <header class="top">
      <h1 class="brand">mcp-orchestrator</h1>
      <nav aria-label="Views">
        {kViews.map(([view, text]) => (
          <a key={view} href={printRoute({ view, path: [], params: {} })} {...(here === view && { 'aria-current': 'page' as const })} {...(view === 'live' && { onClick: markSeen })}>
            {text}{view === 'live' && unseen.value > 0 && <span class="badge"> ({badge(unseen.value)} new)</span>}
          </a>
        ))}
      </nav>
      <Indicator />
      <FileMenu />
      {signedIn.value && <button type="button" onClick={() => (tokenBox.value = true)}><Icon name="lock" />Token</button>}
      <button type="button" class="quiet icon" aria-label="Keys" title="Keys (?)" onClick={() => (helpOpen.value = true)}><Icon name="help" /></button>
      <button type="button" class="quiet icon" aria-label="Settings" title="Settings" onClick={() => (settingsOpen.value = true)}><Icon name="settings" /></button>
    </header>
  );
}
