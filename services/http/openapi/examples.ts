import { answerExample } from './answerExamples.ts';
import { isRecord, type Json, mapRecord } from './json.ts';
import { bodyExample, parameterExample } from './requestExamples.ts';

const JSON_TYPE = 'application/json';

/** Adds examples to an operation: of its parameters, its body in JSON, and its answers in JSON. */
export function withExamples(operation: Json): Json {
  const { operationId, parameters, requestBody, responses } = operation;
  const id = String(operationId);
  return {
    ...operation,
    ...(Array.isArray(parameters) ? { parameters: parameters.map((one: Json) => parameterWith(one, id)) } : {}),
    ...(isRecord(requestBody) ? { requestBody: contentWith(requestBody, bodyExample(id)) } : {}),
    responses: mapRecord(isRecord(responses) ? responses : {}, (status, response) =>
      isRecord(response) ? contentWith(response, answerExample(id, status)) : response,
    ),
  };
}

function parameterWith(parameter: Json, id: string): Json {
  const example = parameterExample(id, String(parameter['name']));
  return example === undefined ? parameter : { ...parameter, example };
}

/** A body, or an answer, whose JSON has an example. */
function contentWith(described: Json, example: unknown): Json {
  const { content } = described;
  if (example === undefined || !isRecord(content) || !isRecord(content[JSON_TYPE])) return described;
  return { ...described, content: { ...content, [JSON_TYPE]: { ...content[JSON_TYPE], example } } };
}
