/** models/zoo/samples/1.png. */
export const DIGIT =
  'iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAgElEQVQoz8XSsQ2CAAAFURJjZUKvK+AABi' +
  'eQFSQMoBPoCLKBToA1CYUm9DABJPaG3sRGzgmu5rev/BcEk29TZ44lL8c3T7Ul5Io7SBVPsFYs+M4VO1q1xY+bYgxHxQNsFa+MoWJDrzb7cFeM' +
  '4Ky4h0TxAivFB4Of2VM5pnU8fah/Slkx+wdBY+UAAAAASUVORK5CYII=';

/** JSON bodies of POST /explain for the documentation; they can be sent as they are. */
export const REQUEST_EXAMPLES = [
  { model: 'mnist-cnn', input: { image: DIGIT } },
  {
    model: 'mnist-cnn',
    method: 'lrp',
    options: { composite: 'alpha2-beta1' },
    target: { weights: { '1': 1, '7': -1 } },
    input: { image: DIGIT },
    render: { colormap: 'red-blue', size: 280, colorbar: true },
    include: ['image', 'layers'],
  },
];

/** The fields of a form; `image` is a file. */
export const FORM_EXAMPLE = {
  model: 'mnist-cnn',
  method: 'lrp',
  options: { composite: 'epsilon' },
  target: 'predicted',
  image: 'the bytes of models/zoo/samples/1.png',
};
