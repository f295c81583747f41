import type { MethodName } from './methods.ts';

/** What people are told of a method. */
export interface MethodDescription {
  readonly title: string;
  /** What it computes, in a sentence. */
  readonly summary: string;
  readonly source: string;
}

export const METHOD_DESCRIPTIONS: Readonly<Record<MethodName, MethodDescription>> = {
  'deep-taylor': {
    title: 'Deep Taylor decomposition',
    summary:
      'Passes the score down layer by layer as the first-order Taylor expansion of each unit at a root point: positive ' +
      'contributions in hidden layers (z-plus), the legal box of the pixels at the input (z-box).',
    source:
      'G. Montavon, S. Lapuschkin, A. Binder, W. Samek, K.-R. Müller: Explaining nonlinear classification decisions with ' +
      'deep Taylor decomposition. Pattern Recognition 65 (2017) 211–222',
  },
  sensitivity: {
    title: 'Sensitivity analysis',
    summary: 'The squared partial derivatives (∂f/∂x_i)²: where a change of the input would change the score most.',
    source:
      'K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks. arXiv:1312.6034 (2013); G. Montavon, ' +
      'W. Samek, K.-R. Müller: Methods for interpreting and understanding deep neural networks. Digital Signal ' +
      'Processing 73 (2018) 1–15',
  },
  gradient: {
    title: 'Gradient',
    summary: 'The partial derivatives ∂f/∂x_i, with their sign.',
    source: 'K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks. arXiv:1312.6034 (2013)',
  },
  'gradient-times-input': {
    title: 'Gradient × input',
    summary: 'x_i ∂f/∂x_i: the simple Taylor decomposition of the score, exact for networks without biases.',
    source:
      'A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje: Not just a black box. arXiv:1605.01713 (2016); S. Bach et ' +
      'al. (2015), section 2.3',
  },
  lrp: {
    title: 'Layer-wise relevance propagation',
    summary:
      'Redistributes the score from layer to layer by rules that conserve it; a composite chooses the rule of each layer.',
    source:
      'S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek: On pixel-wise explanations for non-linear ' +
      'classifier decisions by layer-wise relevance propagation. PLOS ONE 10(7): e0130140 (2015)',
  },
};
