export type { Picture } from '../../models/preprocessing/picture.ts';
