import { expect } from 'vitest';

/** A page without its images, whose letters may spell anything, NaN in one of some hundred thousand. */
export const withoutImages = (page: string) => page.replace(/data:image\/\w+;base64,[\w+/=]+/g, '');

/** That no figure of a page is broken: a plot would have it as a coordinate. */
export function expectFigures(page: string): void {
  expect(withoutImages(page)).not.toMatch(/NaN|undefined|Infinity/);
}
