import { describe, expect, test } from '@jest/globals';
import { readCommandLine } from '../../services/commandLine.ts';
import { ConfigError } from '../../services/config.ts';

const NOTHING = { httpPort: null, modelName: null, predictorOrigin: null };

describe('the command line', () => {
  test('may be empty', () => {
    expect(readCommandLine([])).toEqual(NOTHING);
  });

  test('is that of a drop-in explainer, in both ways of writing it', () => {
    const expected = { httpPort: '8080', modelName: 'digits', predictorOrigin: 'http://digits-predictor.default' };
    const host = 'digits-predictor.default';
    expect(readCommandLine(['--model_name', 'digits', '--predictor_host', host, '--http_port', '8080'])).toEqual(
      expected,
    );
    expect(readCommandLine(['--model_name=digits', `--predictor_host=${host}`, '--http_port=8080'])).toEqual(expected);
  });

  test.each([
    ['localhost:8080', 'http://localhost:8080'],
    ['10.0.0.1', 'http://10.0.0.1'],
    ['[::1]:9000', 'http://[::1]:9000'],
  ])('the predictor may be %s', (host, predictorOrigin) => {
    expect(readCommandLine(['--model_name=m', `--predictor_host=${host}`])).toMatchObject({ predictorOrigin });
  });

  test.each([
    ['http://example.org'],
    ['user:secret@example.org'],
    ['example.org/path'],
    ['example.org?query'],
    ['example.org:99999'],
    [''],
  ])('the predictor may not be "%s"', (host) => {
    expect(() => readCommandLine(['--model_name=m', `--predictor_host=${host}`])).toThrow(
      new ConfigError(`--predictor_host: received "${host}"; allowed is a host, or host:port`),
    );
  });

  test('a predictor needs a model', () => {
    expect(() => readCommandLine(['--predictor_host=localhost'])).toThrow('needs --model_name');
  });

  test.each([[['--workers', '2']], [['digits']], [['--model_name']]])('%j is refused in one line', (arguments_) => {
    expect(() => readCommandLine(arguments_)).toThrow(
      /^the command line cannot be read: [^\n]+; allowed are --http_port, --model_name, --predictor_host, each with a value$/,
    );
  });
});
