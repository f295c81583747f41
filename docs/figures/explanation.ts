import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Picture } from '../../models/preprocessing/picture.ts';
import type { RenderRequest } from '../../schemas/render.ts';
import { CELL, type Cell } from './grid.ts';

const MODEL = 'mnist-cnn';

/** The part of a request for an explanation that differs between the cells of a figure. */
export interface Question {
  readonly method: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly target?: unknown;
  readonly render?: RenderRequest;
}

/** One of the shipped digits, as a file. */
export function sampleDigit(digit: number): Promise<Buffer> {
  return readFile(join(import.meta.dirname, `../../models/zoo/samples/${digit}.png`));
}

/** The digit itself. */
export async function inputCell(digit: number, caption: string): Promise<Cell> {
  const enlarged = sharp(await sampleDigit(digit)).resize(CELL, CELL, { kernel: 'nearest' });
  return { picture: await rgb(enlarged), caption };
}

export interface Explained {
  readonly picture: Picture;
  readonly score: number;
  readonly sum: number;
}

/** Asks the service at `url` why it sees what it sees, and takes its drawing. */
export async function explain(url: string, digit: number, question: Question): Promise<Explained> {
  const image = (await sampleDigit(digit)).toString('base64');
  const render = { size: CELL, colormap: 'red-blue', ...question.render };
  const answer = await fetch(`${url}/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'image/png' },
    body: JSON.stringify({ model: MODEL, ...question, render, input: { image } }),
  });
  if (!answer.ok) throw new Error(`POST /explain answered ${answer.status}: ${await answer.text()}`);
  const picture = await rgb(sharp(await answer.arrayBuffer()));
  return { picture, score: headerOf(answer, 'x-score'), sum: headerOf(answer, 'x-relevance-sum') };
}

function headerOf(answer: Response, name: string): number {
  const value = answer.headers.get(name);
  if (value === null) throw new Error(`the answer has no header ${name}`);
  return Number(value);
}

/** A picture in memory. */
export async function rgb(image: Sharp): Promise<Picture> {
  const drawn = image.toColourspace('srgb').removeAlpha().raw();
  const { data, info } = await drawn.toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`a picture of three channels was expected, it has ${info.channels}`);
  return { width: info.width, height: info.height, channels: 3, data };
}
