import { basename } from 'node:path';
import type { FieldOptions } from '../node/field/load.js';

/** What a field is called in results: by its file, and what of a model is sampled: `digits.safetensors, label 3`. */
export function fieldName(source: string, { label, guidance }: FieldOptions): string {
  const told = Object.entries({ label, guidance }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  return [basename(source), ...told].join(', ');
}

/** A field as one asks for it, for people: `digits.safetensors --label 3`. How it is computed is left out. */
export function fieldWords(source: string, options: FieldOptions): string {
  const { columns, bandwidth, scale, dim, label, guidance } = options;
  const told = Object.entries({ columns, bandwidth, scale, dim, label, guidance }).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : [value === true ? `--${name}` : `--${name} ${value}`],
  );
  return [source, ...told].join(' ');
}
