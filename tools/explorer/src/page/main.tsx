// First of all session.ts: a token in the address is out of it before anybody reads the address.
import { startLine } from './session.ts';
import { computed, effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { settings } from './state.ts';

const byEventSource = computed(() => settings.value.eventSource);
effect(() => startLine(byEventSource.value));
render(<App />, document.getElementById('page')!);
