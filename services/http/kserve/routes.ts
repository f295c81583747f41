import { z } from 'zod';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { faultAt } from '../../../schemas/errors.ts';
import { parseExplanationSettings } from '../../../schemas/explanationSettings.ts';
import {
  explanationsSchema,
  type InstancesRequest,
  instancesSchema,
  modelReadySchema,
  predictionsSchema,
  predictSchema,
  servedNamesSchema,
} from '../../../schemas/kserve.ts';
import { clientSignal } from '../clientSignal.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import { chargeRows } from '../plugins/rateLimits.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { limitInputs } from '../serving/inputLimits.ts';
import { sendJson } from '../serving/sendJson.ts';
import { explainBatch } from './explanations.ts';
import { batchOf, type Instance, readInstance } from './instances.ts';
import { askPredictor } from './predictor.ts';

/** Names as the router takes them, so that a literal colon can follow. */
const NAME = ':name(^[A-Za-z0-9_-]{1,64})';

const TAGS = ['serving'];
const params = z.object({ name: z.string().describe('Name of the model') });
const FAULTS = problems(400, 404, 405, 408, 413, 415, 422, 500, 503);

/** KServe's V1 protocol. */
export function kserveRoutes(app: ZodApp, context: HttpContext): void {
  listRoutes(app, context);
  predictRoute(app, context);
  explainRoute(app, context);
}

function listRoutes(app: ZodApp, { served }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/v1/models',
    schema: {
      operationId: 'v1ListModels',
      tags: TAGS,
      summary: 'KServe V1: the names of all models',
      response: { 200: json('The names', servedNamesSchema), ...problems(405) },
    },
    handler: async () => {
      const names = served.list().flatMap((entry) => (entry.state === 'registered' ? [entry.model.manifest.name] : []));
      return { models: [...new Set(names)] };
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/models/:name',
    schema: {
      operationId: 'v1ModelReady',
      tags: TAGS,
      summary: 'KServe V1: whether a model takes requests',
      params,
      response: { 200: json('It does', modelReadySchema), ...problems(404, 405, 500, 503) },
    },
    handler: async ({ params: { name } }) => {
      served.assertReady(name);
      return { name, ready: true as const };
    },
  });
}

function predictRoute(app: ZodApp, { service, served, config, predictor = null }: HttpContext): void {
  app.route({
    method: 'POST',
    url: `/v1/models/${NAME}::predict`,
    schema: {
      operationId: 'v1Predict',
      tags: TAGS,
      summary: 'KServe V1: predict',
      description: 'With `--predictor_host`, the requests for its model are handed on to that server.',
      params,
      // What a predictor takes is its own affair.
      body: predictor === null ? predictSchema : instancesSchema,
      response: { 200: json('The predictions', predictionsSchema), ...FAULTS, ...problems(502) },
    },
    handler: async (request, reply) => {
      const {
        params: { name },
        body,
      } = request;
      const signal = clientSignal(reply);
      if (predictor?.model === name) {
        const { json: answer, status } = await askPredictor(predictor, body, signal);
        return sendJson(reply, answer, status);
      }
      const { version, instances: _instances, inputs: _inputs, ...unknown } = body;
      const [key] = Object.keys(unknown);
      if (key !== undefined) {
        throw faultAt('invalid', `/${key}`, `the request has the unknown key "${key}"; allowed are instances, version`);
      }
      const model = served.get(name, version);
      const instances = readInstances(body, model, config);
      const tensor = await batchOf(instances, model, service, signal);
      const { items } = await service.predict(
        { model, input: { kind: 'tensor', tensor }, admit: (rows) => chargeRows(request, rows) },
        signal,
      );
      return { predictions: items.map(({ values }) => [...values]) };
    },
  });
}

function explainRoute(app: ZodApp, { service, served, config }: HttpContext): void {
  app.route({
    method: 'POST',
    url: `/v1/models/${NAME}::explain`,
    schema: {
      operationId: 'v1Explain',
      tags: TAGS,
      summary: 'KServe V1: explain',
      description:
        'Further keys: `method`, `target` and `layer` as in POST /explain, and the options of the method, in `options` or ' +
        'beside it. `{"data": ..., "target": ...}` and `{"b64": ..., "target": ...}` have a target of their own.',
      params,
      body: instancesSchema,
      response: { 200: json('The predictions, and why', explanationsSchema), ...FAULTS },
    },
    handler: async (request, reply) => {
      const {
        params: { name },
        body,
      } = request;
      const signal = clientSignal(reply);
      const admit = (rows: number) => chargeRows(request, rows);
      const { version, instances: _instances, inputs: _inputs, ...given } = body;
      const model = served.get(name, version);
      const settings = parseExplanationSettings(given);
      const instances = readInstances(body, model, config);
      const targets = instances.map(({ target }) => target ?? settings.target);
      const batch = await batchOf(instances, model, service, signal);
      const explained = await explainBatch(batch, targets, { ...settings, model, admit }, service, signal);
      return {
        predictions: explained.map(({ values }) => [...values]),
        explanations: explained.map(({ explanation }) => explanation),
      };
    },
  });
}

function readInstances(
  { instances, inputs = [] }: InstancesRequest,
  model: RegisteredModel,
  config: HttpContext['config'],
): readonly Instance[] {
  const [key, given] = instances === undefined ? ['inputs', inputs] : ['instances', instances];
  limitInputs(given.length, model, config, `/${key}`);
  return given.map((value, i) => readInstance(value, model, [key, i]));
}
