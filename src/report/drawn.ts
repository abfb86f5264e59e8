import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, raw } from './html.js';
import { compact } from './line-plot.js';

/** A plot as SVG for a page. @param description what it shows, for those who cannot see it */
export function drawn(description: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ document, className: 'plot', style: { fontSize: '12px' }, ...options });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', description);
  svg.querySelector('style')?.remove();
  return raw(compact(svg.outerHTML));
}
