import { getHeapStatistics } from 'node:v8';

/**
 * Loaded into a worker before the pool's own code, which calls `process.memoryUsage` after every task and reads only the
 * size of the heap. Node reads the resident size for it as well, half a millisecond in a process that maps many files:
 * here that and the rest are read only when they are asked for.
 */
const measureAll = process.memoryUsage.bind(process);

function memoryUsage(): NodeJS.MemoryUsage {
  const { used_heap_size: heapUsed, total_heap_size: heapTotal } = getHeapStatistics();
  return {
    heapUsed,
    heapTotal,
    get rss() {
      return measureAll().rss;
    },
    get external() {
      return measureAll().external;
    },
    get arrayBuffers() {
      return measureAll().arrayBuffers;
    },
  };
}

process.memoryUsage = Object.assign(memoryUsage, { rss: process.memoryUsage.rss.bind(process) });
