// All scenes by name.
import type { Scene } from './scene.ts';
import { scenesOfDelivery } from './scenes-of-delivery.ts';
import { scenesOfKeeping } from './scenes-of-keeping.ts';

const all = { ...scenesOfDelivery, ...scenesOfKeeping };

export type SceneName = keyof typeof all;

export const scenes: Readonly<Record<SceneName, Scene>> = all;
