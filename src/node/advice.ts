import { existsSync, readFileSync } from 'node:fs';
import type { AdapterKind } from './adapter.js';
import { vulkanDrivers } from './vulkan-drivers.js';

/** What to do on this machine to get an adapter of a kind, as sentences without their full stop. */
export function adviceFor(kind: AdapterKind): string[] {
  if (kind === 'hardware') return hardwareAdvice();
  if (process.platform !== 'linux') return [`${kind} is only offered on Linux; choose the device hardware`];
  return kind === 'lavapipe' ? [lavapipeAdvice()] : [swiftShaderAdvice()];
}

function hardwareAdvice(): string[] {
  if (process.platform !== 'linux') return ["update the graphics card's driver"];
  const libraries = vulkanDrivers().map(({ library }) => library);
  if (existsSync('/proc/driver/nvidia/version')) {
    return libraries.some((library) => library.includes('nvidia'))
      ? [
          'the NVIDIA driver is there and gives no Vulkan device: in a container start it with NVIDIA_DRIVER_CAPABILITIES=all',
        ]
      : [
          'the NVIDIA driver is loaded but Vulkan does not know it: set VK_DRIVER_FILES to its nvidia_icd.json, or write ' +
            '{"file_format_version":"1.0.0","ICD":{"library_path":"libGLX_nvidia.so.0","api_version":"1.3"}} ' +
            'to /etc/vulkan/icd.d/nvidia_icd.json',
        ];
  }
  if (existsSync('/dev/dri/renderD128')) {
    return [
      'install the Vulkan driver of the card (AMD and Intel: `sudo apt install mesa-vulkan-drivers`) and be in the group that owns /dev/dri/renderD128 (`sudo usermod -aG render $USER`)',
    ];
  }
  return ['no GPU is visible to this system: choose the device software, or a machine with a GPU'];
}

function lavapipeAdvice(): string {
  const installed = vulkanDrivers().some(({ library }) => library.includes('vulkan_lvp'));
  const why = installed ? 'its Mesa is too old for Dawn; get a newer one' : 'install Mesa';
  return debianRelease() === 'bookworm'
    ? `lavapipe: ${why}: add the suite bookworm-backports to your apt sources, then \`sudo apt update && sudo apt install -t bookworm-backports mesa-vulkan-drivers\``
    : `lavapipe: ${why}: \`sudo apt install mesa-vulkan-drivers\` (Mesa 24 or later)`;
}

function swiftShaderAdvice(): string {
  return process.arch === 'x64'
    ? 'SwiftShader: `npm install @sparticuz/chromium`, which carries it (66 MB, no root needed)'
    : `SwiftShader: there is no build for ${process.arch}; use lavapipe`;
}

function debianRelease(): string | undefined {
  try {
    return /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
