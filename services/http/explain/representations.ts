import { Readable } from 'node:stream';
import { encodeNpy } from '../../../models/tensors/npy.ts';
import { arrayTensor } from '../../../models/tensors/tensor.ts';
import type { ExplainRequest } from '../../../schemas/explain.ts';
import type { ExplanationAnswer } from '../../../schemas/explanation.ts';
import { type Answered, answerBody, relevanceShape } from '../../answers/explanation.ts';
import { drawExplanation } from '../../answers/explanationPicture.ts';
import type { EncodedPicture } from '../../rendering/encode.ts';
import { type ExplanationType, pictureFormatOf } from './negotiation.ts';

/** An answered request, ready to be represented. */
export interface Representable extends Answered {
  readonly request: ExplainRequest;
  /** Milliseconds since the request came. */
  readonly elapsed: () => number;
}

/** What goes to the client. */
export interface Representation {
  readonly contentType: string;
  readonly body: ExplanationAnswer | Buffer | Readable;
}

type Represent = (answered: Representable, type: ExplanationType) => Promise<Representation>;

/** How an explanation is written, by media type. */
const REPRESENTATIONS: Readonly<Record<ExplanationType, Represent>> = {
  'application/json': representJson,
  'image/png': representPicture,
  'image/webp': representPicture,
  'image/avif': representPicture,
  'image/jpeg': representPicture,
  'application/x-npy': representNpy,
  'multipart/mixed': representMixed,
};

/** The explanation as one media type. */
export function represent(answered: Representable, type: ExplanationType): Promise<Representation> {
  return REPRESENTATIONS[type](answered, type);
}

async function representJson(answered: Representable): Promise<Representation> {
  const started = answered.elapsed();
  const image = answered.request.include.includes('image')
    ? await drawExplanation(answered.explanation, answered.request.render).image.toBuffer()
    : null;
  return { contentType: 'application/json', body: jsonBody(answered, image, answered.elapsed() - started) };
}

async function representPicture(answered: Representable, type: ExplanationType): Promise<Representation> {
  const { render } = answered.request;
  const format = pictureFormatOf(type) ?? render.format;
  const { image, contentType } = drawExplanation(answered.explanation, { ...render, format });
  return { contentType, body: await image.toBuffer() };
}

async function representNpy({ explanation, batched }: Representable): Promise<Representation> {
  const file = encodeNpy(arrayTensor(relevanceShape(explanation, batched), explanation.relevance.data));
  return { contentType: 'application/x-npy', body: Buffer.from(file.buffer, file.byteOffset, file.byteLength) };
}

async function representMixed(answered: Representable): Promise<Representation> {
  const picture = drawExplanation(answered.explanation, answered.request.render);
  const boundary = `elucid-${answered.requestId}`;
  const parts = mixedParts(boundary, JSON.stringify(jsonBody(answered, null, 0)), picture);
  return { contentType: `multipart/mixed; boundary=${boundary}`, body: Readable.from(parts, { objectMode: false }) };
}

/** RFC 2046: the JSON, then the picture as it is encoded. */
async function* mixedParts(boundary: string, json: string, picture: EncodedPicture): AsyncGenerator<Buffer> {
  yield Buffer.from(`--${boundary}\r\nContent-Type: application/json\r\n\r\n${json}\r\n`);
  yield Buffer.from(`--${boundary}\r\nContent-Type: ${picture.contentType}\r\n\r\n`);
  for await (const chunk of picture.image) yield chunk;
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

function jsonBody(answered: Representable, image: Buffer | null, renderMs: number): ExplanationAnswer {
  const { include } = answered.request;
  return answerBody(answered, {
    relevance: include.includes('relevance'),
    layers: include.includes('layers'),
    image,
    renderMs,
    totalMs: answered.elapsed(),
  });
}
