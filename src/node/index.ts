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
export { type DoctorReport, examine } from './doctor.js';
export { type FieldOptions, loadField } from './field/load.js';
export { loadGenerator, saveGenerator } from './generator.js';
export { loadModel, saveModel } from './model.js';
export { loadPredictor, savePredictor } from './predictor.js';
export { loadTable, saveTable } from './table.js';
