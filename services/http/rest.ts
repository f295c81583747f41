import type { FastifyInstance } from 'fastify';
import { reloadRoute } from './admin/reloadRoute.ts';
import type { HttpContext } from './context.ts';
import { presentExplanation } from './explain/jobResult.ts';
import { explainRoute } from './explain/route.ts';
import { healthRoutes } from './health.ts';
import { imageRoutes } from './images/route.ts';
import { jobRoutes } from './jobs/routes.ts';
import { kserveRoutes } from './kserve/routes.ts';
import { methodRoute } from './methods.ts';
import { exportRoute } from './models/exportRoute.ts';
import { filtersRoute } from './models/filtersRoute.ts';
import { modelRoutes } from './models/route.ts';
import { openInferenceRoutes } from './openInference/routes.ts';
import { pictureRoute } from './pictures/route.ts';
import { watchMethods } from './plugins/allowedMethods.ts';
import { acceptForms } from './plugins/multipart.ts';
import { openApiRoute } from './plugins/openapi.ts';
import { validateByZod } from './plugins/validation.ts';
import { presentPrototypes } from './prototype/jobResult.ts';
import { prototypeRoute } from './prototype/route.ts';
import { ServedModels } from './serving/servedModels.ts';
import { torchserveRoutes } from './torchserve/routes.ts';
import { welcomeRoute } from './welcome.ts';

/** The REST resources, encapsulated: validation by zod and forms stay inside. */
export async function rest(plain: FastifyInstance, given: Omit<HttpContext, 'presenters' | 'served'>): Promise<void> {
  const context: HttpContext = {
    ...given,
    served: new ServedModels(given),
    presenters: { explanation: presentExplanation, prototype: presentPrototypes },
  };
  plain.removeContentTypeParser('text/plain');
  await acceptForms(plain, context.config.MAX_UPLOAD_BYTES);
  const app = validateByZod(plain);
  const methods = watchMethods(plain);
  welcomeRoute(app, context);
  explainRoute(app, context);
  modelRoutes(app, context);
  exportRoute(app, context);
  filtersRoute(app, context);
  prototypeRoute(app, context);
  jobRoutes(app, context);
  pictureRoute(app, context);
  methodRoute(app);
  reloadRoute(app, context);
  kserveRoutes(app, context);
  healthRoutes(app, context);
  await plain.register(openInferenceRoutes, context);
  await plain.register(torchserveRoutes, context);
  await plain.register(imageRoutes, context);
  openApiRoute(plain);
  methods.close();
}
