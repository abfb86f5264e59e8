import * as v from 'valibot';

/** An object of any keys; valibot's own `record` takes lists for objects. */
export function dictionary<const Schema extends v.GenericSchema>(values: Schema) {
  return v.pipe(
    v.unknown(),
    v.check((value) => !Array.isArray(value), 'Invalid type: Expected Object but received Array'),
    v.record(v.string(), values),
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
