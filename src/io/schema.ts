import * as v from 'valibot';

/**
 * An object of any keys, 'prototype' and '__proto__' among them; valibot's own `record` leaves such keys out, and takes
 * lists for objects.
 */
export function dictionary<const Schema extends v.GenericSchema>(values: Schema) {
  return v.pipe(
    v.custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      ({ received }) => `Invalid type: Expected Object but received ${received}`,
    ),
    v.rawTransform<Record<string, unknown>, Record<string, v.InferOutput<Schema>>>(
      ({ dataset, addIssue, NEVER }) => {
        const entries: [string, v.InferOutput<Schema>][] = [];
        for (const [key, value] of Object.entries(dataset.value)) {
          const parsed = v.safeParse(values, value, { abortEarly: true });
          if (parsed.success) {
            entries.push([key, parsed.output]);
            continue;
          }
          const [{ message, path = [] }] = parsed.issues;
          const here = {
            type: 'object' as const,
            origin: 'value' as const,
            input: dataset.value,
            key,
            value,
          };
          addIssue({ message, path: [here, ...path] });
          return NEVER;
        }
        return Object.fromEntries(entries);
      },
    ),
  );
}

/**
 * JSON from outside, checked and typed.
 *
 * @param refuse makes the error of what is wrong, which names the place: "config.width: Invalid type: ..."
 */
export function conform<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  refuse: (what: string) => Error,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const place = v.getDotPath(issue)?.replace(/\.(\d+)/g, '[$1]');
  throw refuse(place ? `${place}: ${issue.message}` : issue.message);
}
