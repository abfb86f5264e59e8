/** Samples in the plane, [count, 2], and where the exact flow ends from the same latents. */
export interface Scatter {
  samples: Float32Array;
  exact: Float32Array;
  /** Distances between the two, [count]; none for the exact flow itself. */
  errors?: ArrayLike<number>;
}

/** How much of the picture the exact flow's samples fill, the farthest of them left out. */
const FILLED = 0.8;
/** From this error on a point is as red as it gets. */
const WORST = 0.5;

/** Draws samples as points, coloured by their error, each tied to its exact end by a thin line. */
export function drawScatter(canvas: HTMLCanvasElement, { samples, exact, errors }: Scatter): void {
  const ratio = window.devicePixelRatio || 1;
  const size = canvas.clientWidth * ratio;
  canvas.width = size;
  canvas.height = size;
  const context = canvas.getContext('2d')!;
  const style = getComputedStyle(canvas);
  const reach = farthest(exact) / FILLED;
  const place = (value: number, direction: 1 | -1) => (size / 2) * (1 + (direction * value) / reach);
  const at = (values: Float32Array, i: number) =>
    [place(values[2 * i], 1), place(values[2 * i + 1], -1)] as const;
  const count = samples.length / 2;
  if (errors) {
    context.strokeStyle = style.getPropertyValue('--faint');
    context.lineWidth = ratio / 2;
    context.beginPath();
    for (let i = 0; i < count; i++) {
      context.moveTo(...at(exact, i));
      context.lineTo(...at(samples, i));
    }
    context.stroke();
  }
  const [good, bad] = ['--c1', '--c0'].map((name) => style.getPropertyValue(name));
  for (let i = 0; i < count; i++) {
    const share = errors ? Math.round(100 * Math.min(1, Math.sqrt(errors[i] / WORST))) : 0;
    context.fillStyle = `color-mix(in oklab, ${bad} ${share}%, ${good})`;
    context.beginPath();
    context.arc(...at(samples, i), 1.2 * ratio, 0, 2 * Math.PI);
    context.fill();
  }
}

/** The 99.5th percentile of the coordinates' sizes. */
function farthest(values: Float32Array): number {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor(0.995 * (sizes.length - 1))];
}
