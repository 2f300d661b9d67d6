// What the page lends to its rooms (rooms.ts). One flat name space: two modules that export the
// same name do not compile here.

export { Fragment } from 'preact';
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export { jsx, jsxs } from 'preact/jsx-runtime';
export { computed, effect, signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
export * from '../core/event_id.ts';
export * from '../core/filter.ts';
export * from '../core/units.ts';
export * from './boxes.ts';
export * from './call_parts.tsx';
export * from './copy.ts';
export * from './curl.ts';
export * from './dialog.tsx';
export * from './filter_bar.tsx';
export * from './icons.tsx';
export * from './keys.ts';
export * from './live_state.ts';
export * from './route.ts';
export * from './safe_text.tsx';
export { authNeeded, bearerHeaders, giveBearer, signedIn, signOut, tokenInAddress } from './session.ts'; // its `base` is state.ts's
export * from './state.ts';
export * from './stored.ts';
export * from './toasts.tsx';
export { startBlobWorker } from './trusted.ts';
export * from './use_answer.ts';
export * from './virtual_list.tsx';
export * from './worker_link.ts';
