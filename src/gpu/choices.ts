/** What was measured of an adapter, for later: text by a key. A Map is one. */
export interface Choices {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

const kept = new WeakMap<GPUDevice, Choices>();

/**
 * Has what is measured of a device's adapter kept somewhere: which of several kernels for a network is the fastest.
 * Without it, it is kept as long as the device. `openDevice` does it for hardware, with a file; a page may do it with
 * its storage, before the device is first used. It throws nothing, and what `choices` throw comes out where a network
 * is prepared.
 */
export function keepChoicesWith(device: GPUDevice, choices: Choices): void {
  kept.set(device, choices);
}

export function choicesOf(device: GPUDevice): Choices {
  let choices = kept.get(device);
  if (!choices) {
    choices = new Map<string, string>();
    kept.set(device, choices);
  }
  return choices;
}
