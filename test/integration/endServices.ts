import { afterAll } from '@jest/globals';
import { endServices } from './runningService.ts';

afterAll(endServices);
