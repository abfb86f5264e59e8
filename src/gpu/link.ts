import { link, withLoggerAsync } from 'wesl/core';
import { FewstepError } from '../errors.js';
import { type ShaderName, shaders } from './shaders.js';

/** What makes one kernel out of a shader file: its variant, its constants, and modules that a user supplies. */
export interface ShaderVariant {
  /** `@if` conditions: variants of types, bindings and code. */
  conditions?: Record<string, boolean>;
  /** Link-time constants, read in WGSL as `constants::NAME`. */
  constants?: Record<string, number>;
  /** Modules that are not ours, by path relative to `shaders/` without the extension (a custom field). */
  modules?: Record<string, string>;
}

export interface LinkedShader {
  code: string;
  /** Where an offset in `code` came from: module path and 1-based line and column. */
  locate(offset: number): { module: string; line: number; column: number };
}

/** The declarations of shaders/batch/matrix_units.wgsl, which would hide what they stand for. */
const STAND_INS = /const (subgroup_?[Mm]atrix\w+|row_major) = 0;/g;

/** Links one kernel file with everything it imports (WESL) into plain WGSL. */
export async function linkShader(name: ShaderName, variant: ShaderVariant = {}): Promise<LinkedShader> {
  const sources: Record<string, string> = { ...shaders, ...variant.modules };
  try {
    // The linker says on the console what it then throws; stdout is not ours.
    const linked = await withLoggerAsync(
      () => {},
      () =>
        link({
          weslSrc: Object.fromEntries(
            Object.entries(sources).map(([path, text]) => [`./${path}.wgsl`, text]),
          ),
          rootModuleName: `./${name}.wgsl`,
          conditions: variant.conditions,
          constants: variant.constants,
        }),
    );
    return {
      code: linked.dest.replace(STAND_INS, (text) => ' '.repeat(text.length)), // places stay where they are
      locate(offset) {
        const { src, position } = linked.sourceMap.destToSrc(offset);
        const before = src.text.slice(0, position).split('\n');
        return {
          module: moduleOf(src.path ?? name),
          line: before.length,
          column: before[before.length - 1].length + 1,
        };
      },
    };
  } catch (cause) {
    throw new FewstepError(
      'shader-compilation',
      `cannot link shader '${name}': ${described(cause as LinkError)}`,
      'correct the WGSL at the place that the message names',
      { cause },
    );
  }
}

/** What the linker throws: it knows the place only for some errors. */
interface LinkError extends Error {
  weslLocation?: { file: string; line: number; column: number };
}

function described({ message, weslLocation }: LinkError): string {
  if (weslLocation) {
    const { file, line, column } = weslLocation;
    return `${moduleOf(file)}.wgsl:${line}:${column}: ${message.replace(/ in file: .*$/, '')}`;
  }
  // A syntax error: './user.wesl:3:13 error: Expected expression', then the line itself.
  return message.replace(/^(\S+):(\d+:\d+) error: /, (_, file, place) => `${moduleOf(file)}.wgsl:${place}: `);
}

/** The linker calls every file a .wesl file in the current folder. */
function moduleOf(file: string): string {
  return file.replace(/^\.\//, '').replace(/\.(wesl|wgsl)$/, '');
}
