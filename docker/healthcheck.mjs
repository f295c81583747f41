// Exit status 0 when the service on this machine answers that it is ready, 1 otherwise.
const port = process.env.PORT || '3000';
const patience = AbortSignal.timeout(5500);
const ready = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: patience }).then(
  ({ ok }) => ok,
  () => false,
);
process.exit(ready ? 0 : 1);
