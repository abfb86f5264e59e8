// Shaders are imported as text: esbuild's loader and a one-line Vite plugin provide them.
declare module '*.wgsl' {
  const source: string;
  export default source;
}

// The package root fails in Node; its module build works everywhere and has no types of its own.
declare module '*.safetensors' {
  const bytes: Uint8Array;
  export default bytes;
}

declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
