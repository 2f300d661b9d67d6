// What a page and its worker hold, as Chromium itself says.

import { setTimeout as pause } from 'node:timers/promises';

/** JS heap and array buffers after a collection, of the page and of its worker, in bytes. */
export async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  const attached = [], answers = new Map();
  session.on('Target.attachedToTarget', ({ sessionId }) => attached.push(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => { const { id, result } = JSON.parse(message); answers.set(id, result); });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  while (attached.length === 0) await pause(10);
  const ofWorker = async (id, method) => {
    await session.send('Target.sendMessageToTarget', { sessionId: attached[0], message: JSON.stringify({ id, method }) });
    while (!answers.has(id)) await pause(10);
    return answers.get(id);
  };
  await session.send('HeapProfiler.collectGarbage');
  await ofWorker(1, 'HeapProfiler.collectGarbage');
  const all = [await session.send('Runtime.getHeapUsage'), await ofWorker(2, 'Runtime.getHeapUsage')];
  await session.detach();
  return all.reduce((sum, { usedSize, backingStorageSize }) => sum + usedSize + backingStorageSize, 0);
}

/** Nodes that live after a collection, those of them in no document, and listeners. */
export async function lifeOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  await session.detach();
  const shown = await page.evaluate(() => {
    const walker = document.createTreeWalker(document);
    let count = 1;
    while (walker.nextNode()) ++count;
    return count;
  });
  return { nodes, detached: nodes - shown, listeners: jsEventListeners };
}
