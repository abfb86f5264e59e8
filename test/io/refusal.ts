import { expect } from 'vitest';
import { type ErrorCode, FewstepError } from '../../src/errors.js';

/** Expects a call to be refused with this code and message, and with a remedy. */
export async function expectRefusal(call: () => unknown, code: ErrorCode, message: string | RegExp) {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FewstepError);
  const refusal = error as FewstepError;
  expect(refusal.message).toMatch(message);
  expect(refusal.code).toBe(code);
  expect(refusal.remedy.length).toBeGreaterThan(10);
}
