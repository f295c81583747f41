import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Has V8 collect all garbage of a process, over its inspector (Chrome DevTools protocol, HeapProfiler.collectGarbage). */
export async function collectGarbage(inspector: string): Promise<void> {
  const socket = new WebSocket(inspector);
  await once(socket, 'open');
  socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
  await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
}
