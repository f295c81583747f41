import { loadTensorFlow, type TensorFlow, TensorFlowMissing } from '../../training/tensorflow.ts';

const failing = (error: Error) => () => Promise.reject(error);

describe('loadTensorFlow', () => {
  it('names the command that installs TensorFlow when it is missing', async () => {
    const notFound = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const loading = loadTensorFlow(failing(notFound));
    await expect(loading).rejects.toThrow(TensorFlowMissing);
    await expect(loading).rejects.toThrow(/^Training needs TensorFlow.*`npm run setup:tensorflow`[^\n]*$/);
  });

  it('tells why an addon does not load, in one line', async () => {
    const loading = loadTensorFlow(failing(new Error('libtensorflow_cc.so.2: cannot open\nat Module._load')));
    await expect(loading).rejects.toThrow(/--force`\. Reason: libtensorflow_cc\.so\.2: cannot open$/);
  });

  it('finds the exports of the addon, as default or not', async () => {
    const exports = { version: 'x' } as unknown as TensorFlow;
    expect(await loadTensorFlow(async () => exports)).toBe(exports);
    expect(await loadTensorFlow(async () => ({ default: exports }))).toBe(exports);
  });
});
