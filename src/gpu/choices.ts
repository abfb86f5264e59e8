/** What was measured of an adapter, for later: text by a key. */
export interface Choices {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

const kept = new WeakMap<GPUDevice, Choices>();

/** Has what is measured of a device's adapter kept somewhere; without it, it is kept as long as the device. */
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
