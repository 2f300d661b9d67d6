import { render } from 'preact';
import { App } from './app.tsx';
import { startLine } from './session.ts';
import { settings } from './state.ts';

startLine(settings.value.eventSource);
render(<App />, document.getElementById('page')!);
