import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gpu } from '../../src/gpu/gpu.js';
import { mlpConfig } from '../../src/mlp/config.js';
import type { MlpModel } from '../../src/mlp/field.js';
import { loadModel, saveModel } from '../../src/node/model.js';
import { type Random, random } from '../../src/rng/random.js';
import { STEPS_PER_SUBMIT } from '../../src/train/buffers.js';
import { standardDeviation, type TrainingData } from '../../src/train/data.js';
import { trainingSettings } from '../../src/train/settings.js';
import { Trainer } from '../../src/train/trainer.js';
import { drawings } from './drawings.js';
import { classCurves, classMixture } from './points.js';

/** A network with classes, and the random data that it is trained on. */
interface NetworkRecipe {
  name: string;
  width: number;
  steps: number;
  /** Of the embedding, as `fewstep train --embedding-scale`. */
  scale: number;
  dim: number;
  classes: number;
  draw(source: Random): TrainingData;
}

/** Of each one's data. */
const rows = 20_000;

const RECIPES: NetworkRecipe[] = [
  ofCurves({ dim: 2, classes: 4, spread: 0.03 }, { width: 64, steps: 8000 }),
  ofMixture({ dim: 2, classes: 6 }, { width: 64, steps: 8000 }),
  ofCurves({ dim: 8, classes: 4, spread: 0.05 }, { width: 128, steps: 6000 }),
  ofMixture({ dim: 16, classes: 8 }, { width: 128, steps: 6000 }),
  ofCurves({ dim: 32, classes: 8, spread: 0.1 }, { width: 128, steps: 6000 }),
  ofDrawings({ side: 8, classes: 8 }, { width: 256, steps: 5000 }),
  ofDrawings({ side: 8, classes: 16 }, { width: 256, steps: 5000 }),
  ofDrawings({ side: 12, classes: 6 }, { width: 256, steps: 4000 }),
  ofDrawings({ side: 16, classes: 10 }, { width: 256, steps: 4000 }),
];

/** Networks with classes, trained on random data; those that the folder has are read from it, the others stored there. */
export async function trainedNetworks(gpu: Gpu, seed: number, folder: string): Promise<MlpModel[]> {
  await mkdir(folder, { recursive: true });
  const models: MlpModel[] = [];
  for (const [i, recipe] of RECIPES.entries()) {
    const path = join(folder, `${recipe.name}-seed-${seed}.safetensors`);
    if (!existsSync(path))
      await saveModel(path, await trained(gpu, recipe, seed, recipe.draw(random(seed, 70 + i))));
    models.push(await loadModel(path));
  }
  return models;
}

async function trained(gpu: Gpu, recipe: NetworkRecipe, seed: number, data: TrainingData): Promise<MlpModel> {
  const { name, dim, classes, width, steps, scale } = recipe;
  const begin = performance.now();
  const sigmaData = standardDeviation(data.values);
  const config = mlpConfig({ dim, classes, width, layers: 3, sigmaData, embedding: { scale } });
  const settings = trainingSettings({ seed, steps, batch: 128, rate: 4e-3, warmup: 500, labelDrop: 0.2 });
  const trainer = await Trainer.create(gpu, { config, settings, data });
  while (trainer.step < steps) {
    trainer.submit(Math.min(STEPS_PER_SUBMIT, steps - trainer.step));
    await trainer.figures();
  }
  const { losses } = await trainer.figures();
  const { average: parameters } = await trainer.state();
  trainer.destroy();
  const loss = losses.reduce((sum, each) => sum + each / losses.length, 0);
  const seconds = (performance.now() - begin) / 1000;
  console.log(`network of ${name}: loss ${loss.toPrecision(4)}, ${seconds.toFixed(0)} s`);
  return { config, parameters };
}

type Size = Pick<NetworkRecipe, 'width' | 'steps'>;

function ofCurves(shape: { dim: number; classes: number; spread: number }, size: Size): NetworkRecipe {
  const { dim, classes } = shape;
  const draw = (source: Random) => classCurves(source, { ...shape, rows });
  return { name: `curves-${dim}-of-${classes}`, dim, classes, ...size, scale: dim > 8 ? 0.1 : 1, draw };
}

function ofMixture(shape: { dim: number; classes: number }, size: Size): NetworkRecipe {
  const { dim, classes } = shape;
  const draw = (source: Random) => classMixture(source, { ...shape, rows });
  return { name: `mixture-${dim}-of-${classes}`, dim, classes, ...size, scale: dim > 8 ? 0.1 : 1, draw };
}

function ofDrawings(shape: { side: number; classes: number }, size: Size): NetworkRecipe {
  const { side, classes } = shape;
  const draw = (source: Random) => drawings(source, { ...shape, rows });
  return { name: `drawings-${side}-of-${classes}`, dim: side ** 2, classes, ...size, scale: 0.1, draw };
}
