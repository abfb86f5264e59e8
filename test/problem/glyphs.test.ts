import { describe, expect, it } from 'vitest';
import { glyphNames, glyphs } from '../../src/problem/glyphs.js';
import { arc, render } from '../../src/problem/strokes.js';

describe('strokes', () => {
  const identity = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

  it('ink the pixels under the pen, with half tones at its edge', () => {
    // A level line through the middle of row 2, one pixel and a half wide: half of it and a quarter outside.
    const image = render([[-9, 2.5, 9, 2.5]], identity, 0.75, 5);
    const column = [0, 1, 2, 3, 4].map((row) => image[row * 5 + 2]);
    expect(column).toEqual([-1, -0.5, 1, -0.5, -1]);
  });

  it('follow the placement: a transposed image of transposed strokes', () => {
    const stroke = [1, 1, 4, 2, 3, 4];
    const plain = render([stroke], identity, 1, 6);
    const swapped = render([stroke], { a: 0, b: 1, c: 1, d: 0, e: 0, f: 0 }, 1, 6);
    for (let i = 0; i < 36; i++) expect(swapped[i]).toBeCloseTo(plain[(i % 6) * 6 + Math.floor(i / 6)], 12);
  });

  it('may hold a point twice', () => {
    expect(render([[1, 1, 1, 1, 3, 1]], identity, 1, 4)).toEqual(render([[1, 1, 3, 1]], identity, 1, 4));
  });

  it('arcs lie on their ellipse and end where they should', () => {
    const stroke = arc(1, 2, 3, 4, 0, 90);
    for (let i = 0; i < stroke.length; i += 2) {
      expect(((stroke[i] - 1) / 3) ** 2 + ((stroke[i + 1] - 2) / 4) ** 2).toBeCloseTo(1, 12);
    }
    expect(stroke.slice(0, 2)).toEqual([4, 2]);
    expect(stroke.at(-1)).toBeCloseTo(6, 12);
  });
});

describe('glyphs', () => {
  const { means } = glyphs().mixture;
  const size = 256;
  const count = means.length / size;

  it('are grey values from -1 to 1, with ink and paper in each, and no ink cut off at the border', () => {
    for (let i = 0; i < count; i++) {
      const image = means.subarray(i * size, (i + 1) * size);
      const ink = image.reduce((sum, value) => sum + (value + 1) / 2, 0) / size;
      expect(Math.min(...image)).toBe(-1);
      expect(Math.max(...image)).toBeLessThanOrEqual(1);
      expect(ink, `image ${i}`).toBeGreaterThan(0.04);
      expect(ink, `image ${i}`).toBeLessThan(0.4);
      const border = image.filter((_, at) => at < 16 || at >= 240 || at % 16 === 0 || at % 16 === 15);
      expect(Math.max(...border), `image ${i}`).toBeLessThan(0);
    }
  });

  it('are told apart: the nearest other image nearly always shows the same glyph', () => {
    let same = 0;
    for (let i = 0; i < count; i++) {
      let [nearest, best] = [-1, Infinity];
      for (let j = 0; j < count; j++) {
        if (j === i) continue;
        let distance = 0;
        for (let d = 0; d < size; d++) distance += (means[i * size + d] - means[j * size + d]) ** 2;
        if (distance < best) [nearest, best] = [j, distance];
      }
      if (nearest % glyphNames.length === i % glyphNames.length) same++;
    }
    expect(same / count).toBeGreaterThan(0.9);
  });

  it('are all different', () => {
    const distinct = new Set<string>();
    for (let i = 0; i < count; i++) distinct.add(means.subarray(i * size, (i + 1) * size).join());
    expect(distinct.size).toBe(count);
  });
});
