import { documentedManifests } from '../../docs/figures/ownModels.ts';

test('every manifest of docs/bring-your-own.md keeps to the schema', async () => {
  const manifests = await documentedManifests();
  expect(manifests.map(({ name, format }) => [name, format])).toEqual([
    ['squeezenet', 'caffe'],
    ['efficientnet-lite0', 'onnx'],
    ['digits-torch', 'onnx'],
    ['digits-keras', 'tfjs'],
    ['digits-sklearn', 'onnx'],
  ]);
});
