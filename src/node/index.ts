/** Node's part of fewstep: a GPU device on any machine, and what there is to choose from. */
export {
  type AdapterKind,
  DEVICE_CHOICES,
  type DeviceChoice,
  type NodeAdapterDescription,
  type OpenedDevice,
  type OpenOptions,
  openDevice,
} from './adapter.js';
export { type AdapterReport, type DoctorReport, examine, type Proof } from './doctor.js';
export type { DataFieldOptions } from './field/data.js';
export { type FieldOptions, loadField } from './field/load.js';
export { loadGenerator, saveGenerator } from './generator.js';
export { loadModel, saveModel } from './model.js';
export { loadPredictor, savePredictor } from './predictor.js';
export { loadTable, saveTable } from './table.js';
export type { VulkanDriver } from './vulkan-drivers.js';
