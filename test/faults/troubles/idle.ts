import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const CONNECTIONS = 1000;

/** Between two looks at how many are left. */
const LOOK_MS = 1000;

/** Keeps 1000 connections open that say nothing; the service closes them by and by. */
export async function stayIdle(url: string, signal: AbortSignal): Promise<{ opened: number; most: number }> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let opened = 0;
  let most = 0;
  while (!signal.aborted) {
    for (let missing = CONNECTIONS - open.size; missing > 0; missing -= 1) {
      const socket = connect(Number(port), hostname, () => {
        opened += 1;
        most = Math.max(most, open.size);
      });
      open.add(socket);
      socket.resume();
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  for (const socket of open) socket.destroy();
  return { opened, most };
}
