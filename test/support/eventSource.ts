/** A server-sent event as it came over the wire. */
export interface ReceivedEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The events of a stream, until it ends; comments and `retry` are left out. */
export async function* receivedEvents(answer: Response): AsyncGenerator<ReceivedEvent, void, void> {
  for await (const block of blocksOf(answer)) {
    const lines = block.split('\n').map((line) => /^(id|event|data): (.*)$/.exec(line));
    const field = (name: string) => lines.find((line) => line?.[1] === name)?.[2];
    const data = field('data');
    if (data !== undefined)
      yield { id: field('id') ?? null, type: field('event') ?? 'message', data: JSON.parse(data) };
  }
}

/** All events of a stream that ends. */
export async function allEvents(answer: Response): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of receivedEvents(answer)) events.push(event);
  return events;
}

/** What lies between empty lines. */
async function* blocksOf({ body }: Response): AsyncGenerator<string, void, void> {
  if (body === null) return;
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks;
  }
}
