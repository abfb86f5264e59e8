import { ResourceType, type VariableInfo, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

/** One binding of a kernel, as reflected from its linked WGSL. */
export interface KernelBinding {
  name: string;
  index: number;
  type: GPUBufferBindingType;
  /** Size of the type in bytes; 0 for a runtime-sized array. */
  size: number;
}

/** What the host needs to know of a kernel: nothing of it is written down twice. */
export interface KernelLayout {
  entryPoint: string;
  bindings: KernelBinding[];
  /**
   * Packs a plain object into the bytes of uniform or storage struct `binding`.
   * @throws Error naming a member that is missing or unknown
   */
  pack(binding: string, value: Packable, target?: ArrayBuffer, offset?: number): ArrayBuffer;
  /** Bytes from one element to the next of an array binding. */
  stride(binding: string): number;
}

/** A WGSL struct as a plain object, by the names of its members. */
export type StructValue = {
  [member: string]: number | readonly number[] | StructValue | readonly StructValue[];
};

type Type = VariableInfo['type'];

/** Reflects the bindings and struct layouts of linked WGSL with one compute entry point in bind group 0. */
export function reflectLayout(code: string): KernelLayout {
  const reflected = new WgslReflect(withoutMatrices(code));
  const variables = [...reflected.uniforms, ...reflected.storage];
  const bindingNamed = (name: string) => {
    const variable = variables.find((candidate) => candidate.name === name);
    if (!variable) throw new Error(`the kernel has no binding '${name}'`);
    return variable;
  };
  return {
    entryPoint: reflected.entry.compute[0].name,
    bindings: variables.map((variable) => ({
      name: variable.name,
      index: variable.binding,
      type: bindingType(variable),
      size: variable.size || 0,
    })),
    stride: (binding) => (bindingNamed(binding).type as unknown as { stride: number }).stride,
    pack(binding, value, target, offset = 0) {
      const variable = bindingNamed(binding);
      const bytes = target ?? new ArrayBuffer(variable.size);
      packValue(new DataView(bytes), offset, variable.type, value, binding);
      return bytes;
    },
  };
}

/** wgsl_reflect 1.6 cannot parse what matrix units bring to WGSL, of which no binding is. */
function withoutMatrices(code: string): string {
  return code
    .replace(/subgroup_matrix_\w+<\w+, \w+, \w+>/g, 'f32')
    .replace(/(subgroupMatrix\w+)<[\w, ]+>/g, '$1');
}

function bindingType(variable: VariableInfo): GPUBufferBindingType {
  if (variable.resourceType === ResourceType.Uniform) return 'uniform';
  return variable.access === 'read_write' ? 'storage' : 'read-only-storage';
}

/** What a binding holds: a number, an array of them, a struct, or an array of structs. */
export type Packable = StructValue[string];

function packValue(view: DataView, offset: number, type: Type, value: Packable, path: string): void {
  if (type.isStruct) {
    const members = (type as unknown as { members: { name: string; offset: number; type: Type }[] }).members;
    const known = new Set(members.map((member) => member.name));
    for (const name of Object.keys(value)) {
      if (!known.has(name)) throw new Error(`struct ${type.name} (${path}) has no member '${name}'`);
    }
    for (const member of members) {
      const part = (value as StructValue)[member.name];
      if (part === undefined) throw new Error(`${path}.${member.name} is missing`);
      packValue(view, offset + member.offset, member.type, part, `${path}.${member.name}`);
    }
  } else if (type.isArray) {
    const { format, stride, count } = type as unknown as { format: Type; stride: number; count: number };
    const elements = value as readonly Packable[];
    if (count && elements.length > count) throw new Error(`${path} holds ${count}, got ${elements.length}`);
    for (const [i, element] of elements.entries()) {
      packValue(view, offset + i * stride, format, element, `${path}[${i}]`);
    }
  } else if (type.name === 'f32') {
    view.setFloat32(offset, value as number, true);
  } else if (type.name === 'u32') {
    view.setUint32(offset, value as number, true);
  } else if (type.name === 'i32') {
    view.setInt32(offset, value as number, true);
  } else {
    throw new Error(`${path}: type ${type.name} is not packed by the host`);
  }
}
