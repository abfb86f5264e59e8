import { expect } from 'vitest';
import { FewstepError } from '../src/errors.js';

/** What is done, the error's code, its message and its remedy. */
export type Refusal = [what: string, act: () => unknown, code: string, message: RegExp, remedy: RegExp];

/** Expects a line of a table of refusals to be true. */
export async function expectRefused([, act, code, message, remedy]: Refusal): Promise<void> {
  await expectRefusal(act, code, message, remedy);
}

/**
 * Expects a call to fail with this code and message and with a remedy; whether it throws or rejects is the same to a
 * caller who awaits it.
 */
export async function expectRefusal(
  call: () => unknown,
  code: string,
  message: string | RegExp,
  remedy: RegExp = /.{10}/,
): Promise<void> {
  const refusal = await (async () => call())().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(FewstepError);
  const { message: said, code: given, remedy: advice } = refusal as FewstepError;
  expect(said).toMatch(message);
  expect(given).toBe(code);
  expect(advice).toMatch(remedy);
}
