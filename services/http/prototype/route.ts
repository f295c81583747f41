import { parsePrototype } from '../../../schemas/prototype.ts';
import { acceptedType } from '../../answers/acceptedType.ts';
import { preparePrototype } from '../../compute/prototype/prepare.ts';
import { prototypeJobRequest } from '../../jobs/prototype/request.ts';
import { clientSignal } from '../clientSignal.ts';
import type { HttpContext } from '../context.ts';
import { submitJob } from '../jobs/submit.ts';
import { JOB_COST } from '../plugins/rateLimits.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { prototypeDocumentation } from './documentation.ts';
import { PROTOTYPE_TYPES } from './jobResult.ts';

/** POST /prototype. What can be told of a request without searching is told at once; the search is a job. */
export function prototypeRoute(app: ZodApp, context: HttpContext): void {
  const { service, registry, uploads } = context;
  app.route({
    method: 'POST',
    url: '/prototype',
    config: { cost: JOB_COST },
    schema: prototypeDocumentation,
    // parsePrototype applies the schema, and names every fault.
    validatorCompiler: () => (value) => ({ value }),
    onRequest: async ({ headers }) => {
      acceptedType(headers.accept, PROTOTYPE_TYPES);
    },
    handler: async (request, reply) => {
      const parsed = await uploads.resolvePrototype(parsePrototype(request.body), request.principal.owner);
      const { task } = await preparePrototype(parsed, { service, registry }, clientSignal(reply));
      const { version } = task.model.manifest;
      const job = { kind: 'prototype', request: prototypeJobRequest(parsed, version), respondAsync: false } as const;
      return submitJob(request, reply, context, job);
    },
  });
}
