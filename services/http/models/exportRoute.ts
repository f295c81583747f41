import { parseOptions } from '../../../schemas/explain.ts';
import { exportQuerySchema, modelParamsSchema } from '../../../schemas/models.ts';
import type { HttpContext } from '../context.ts';
import { binary, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { queryOptions } from './queryOptions.ts';

const ONNX_TYPE = 'application/octet-stream';

/** GET /models/{name}/explanation.onnx. */
export function exportRoute(app: ZodApp, { service, registry }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/models/:name/explanation.onnx',
    schema: {
      operationId: 'exportExplanation',
      tags: ['models'],
      summary: 'The compiled explanation as an ONNX model',
      description:
        'Inputs `input` and `target`, outputs `relevance` and `scores`. All other query keys are options of the method, ' +
        'e.g. `?method=lrp&composite=epsilon`; options that are objects or lists are written as JSON.',
      params: modelParamsSchema,
      querystring: exportQuerySchema,
      response: {
        200: {
          description: 'An ONNX ModelProto',
          headers: { 'Content-Disposition': { type: 'string', description: 'A name for the file' } },
          content: binary(ONNX_TYPE),
        },
        ...problems(400, 404, 405, 422, 500, 503),
      },
    },
    handler: async ({ params: { name }, query: { version, method, ...rest } }, reply) => {
      const model = registry.get(name, version);
      const options = parseOptions(method, queryOptions(rest), []);
      const bytes = await service.exportOnnx(model, method, options);
      const file = `${model.manifest.name}-${model.manifest.version}-${method}.onnx`;
      reply.header('content-disposition', `attachment; filename="${file}"`);
      return reply.type(ONNX_TYPE).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  });
}
