import type { AssessedDistances, Assessment, SetRange } from '../train/assess.js';
import { type Html, html } from './html.js';
import { count, figure } from './number.js';

/** Distances of the samples to held-out data beside those of true draws. */
export function distanceTable({ distances, errors }: Assessment): Html {
  if (!distances) {
    return html`<p class="note">Too few rows are held out to measure a distance to them.</p>`;
  }
  const { model, floor, sets, size, rows } = distances;
  const truth = errors.exact.kind === 'problem' ? 'true draws' : 'training rows';
  const line = (name: string, { slicedWasserstein, energy, frechet }: AssessedDistances) =>
    html`<tr><th scope="row">${name}</th>${place(slicedWasserstein)}${place(energy)}${frechet ? place(frechet) : html`<td class="none" title="not measured above 256 dimensions">–</td>`}</tr>
`;
  return html`<figure class="wide"><div class="scroll"><table class="figures"><thead><tr><th scope="col">to held-out data</th><th scope="col">sliced Wasserstein</th><th scope="col">energy</th><th scope="col">Fréchet</th></tr></thead><tbody>
${line('samples', model)}${line(truth, floor)}</tbody></table></div>
<figcaption><b>Distances.</b> Of ${sets} sets of ${count(size)} each to ${count(rows)} held-out rows, in the data’s own units: median, and smallest and largest in brackets. ${
    errors.exact.kind === 'problem'
      ? 'True draws are the floor: no sampler can be told from the truth below their distance.'
      : 'Training rows are other draws of the same data: no sampler can be told from the truth below their distance.'
  }</figcaption></figure>`;
}

/** Median, and smallest and largest. */
export function place({ median, low, high }: SetRange): Html {
  return html`<td>${figure(median)} [${figure(low)}, ${figure(high)}]</td>`;
}
