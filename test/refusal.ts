import { expect } from 'vitest';

/** What is done, the error's code, its message and its remedy. */
export type Refusal = [what: string, act: () => unknown, code: string, message: RegExp, remedy: RegExp];

/** Expects `act` to fail so; whether it throws or rejects is the same to a caller who awaits it. */
export async function expectRefusal([, act, code, message, remedy]: Refusal): Promise<void> {
  const refusal = await (async () => act())().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refusal).toMatchObject({ name: 'FewstepError', code });
  expect((refusal as Error).message).toMatch(message);
  expect((refusal as { remedy: string }).remedy).toMatch(remedy);
}
