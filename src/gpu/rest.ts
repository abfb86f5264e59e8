/** What the thread that waits for a device should do meanwhile; called with each thing that it waits for. */
export type Rest = (work: Promise<unknown>) => void;

const rests = new WeakMap<GPUDevice, Rest>();

/** Has whoever waits for the device do so while it waits. */
export function restWith(device: GPUDevice, rest: Rest): void {
  rests.set(device, rest);
}

export function restOf(device: GPUDevice): Rest | undefined {
  return rests.get(device);
}
