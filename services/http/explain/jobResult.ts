import { parseKeptExplain } from '../../../schemas/explain.ts';
import { unpackExplanation } from '../../jobs/explanation/outcome.ts';
import type { PresentJob } from '../jobs/presenter.ts';
import { negotiate } from './negotiation.ts';
import { represent } from './representations.ts';
import { answerHeaders } from './scoreHeaders.ts';

/** The result of an explanation that was a job, written as POST /explain writes it. */
export const presentExplanation: PresentJob = async (job, output, accept) => {
  const request = parseKeptExplain(JSON.parse(output.request));
  const type = negotiate(accept, request.render.format);
  const { explanation, batched, totalMs } = unpackExplanation(output);
  const began = performance.now();
  const elapsed = () => totalMs + performance.now() - began;
  const { contentType, body } = await represent({ requestId: job.id, explanation, batched, request, elapsed }, type);
  return { contentType, body, headers: answerHeaders(explanation, type, elapsed()) };
};
