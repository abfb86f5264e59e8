/**
 * An ONNX denoiser D(x, sigma) as a field, such as unet.py exports. It needs `npm install onnxruntime-node` in this folder or
 * above it.
 *
 *   MODEL=unet.onnx fewstep distill --field examples/onnx_field.mjs --solver bespoke --nfe 5 --budget 100000evals --out mine.safetensors
 *
 * A model that predicts something else says so: `prediction: 'eps'`, and which `process` it was trained on.
 */
import * as ort from 'onnxruntime-node';

if (!process.env.MODEL) throw new Error('set MODEL to the path of the ONNX file');
const session = await ort.InferenceSession.create(process.env.MODEL);
/** [batch, channels, height, width], the first of any size. */
const shape = session.inputMetadata.find(({ name }) => name === 'x').shape.slice(1);

export default {
  dim: shape.reduce((product, size) => product * size, 1),
  most: 256,
  async predict(states, times) {
    const x = new ort.Tensor('float32', states, [times.length, ...shape]);
    const sigma = new ort.Tensor('float32', times, [times.length]);
    return (await session.run({ x, sigma })).denoised.data;
  },
};
