import { modelReadySchema } from '../../../schemas/kserve.ts';
import { servedModelSchema } from '../../../schemas/openInference.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { metadataOf } from './metadata.ts';
import { PLACES, type PlaceParams, TAGS } from './places.ts';
import { splitName, subjectOf } from './subject.ts';

/** GET /v2/models/{name}[/versions/{version}], and .../ready. */
export function modelRoutes(app: ZodApp, { service, served }: HttpContext): void {
  for (const { path, params, suffix } of PLACES) {
    app.route({
      method: 'GET',
      url: path,
      schema: {
        operationId: `v2Model${suffix}Metadata`,
        tags: TAGS,
        summary: 'Open Inference Protocol: inputs and outputs of a model, or of its explanation',
        description: 'Loads the model if that has not happened yet.',
        params,
        response: { 200: json('The model', servedModelSchema), ...problems(404, 405, 422, 500, 503) },
      },
      handler: async (request) => {
        const { name, version }: PlaceParams = request.params;
        const subject = subjectOf(name, version, served);
        return metadataOf(subject, await service.networkOf(subject.model), served);
      },
    });
    app.route({
      method: 'GET',
      url: `${path}/ready`,
      schema: {
        operationId: `v2Model${suffix}Ready`,
        tags: TAGS,
        summary: 'Open Inference Protocol: whether a model takes requests',
        params,
        response: { 200: json('It does', modelReadySchema), ...problems(404, 405, 422, 500, 503) },
      },
      handler: async (request) => {
        const { name, version }: PlaceParams = request.params;
        served.assertReady(splitName(name).modelName, version);
        return { name, ready: true as const };
      },
    });
  }
}
