/**
 * Chooses a WebGPU adapter by its name through Dawn, Chromium's WebGPU (optional package `webgpu`). A software
 * adapter is used only on request.
 */
import { installCommand, unavailable } from "./runtime-failures.ts";

interface GpuAdapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(descriptor: object): Promise<GpuDevice>;
}

export interface GpuDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  pushErrorScope(filter: "validation" | "out-of-memory" | "internal"): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

interface Gpu {
  requestAdapter(options: object): Promise<GpuAdapter | null>;
}

export interface Dawn {
  create(options: readonly string[]): Gpu;
  /** WebGPU's constants, such as GPUBufferUsage. */
  readonly globals: object;
}

export interface ChosenAdapter {
  /** Must stay referenced while its adapters are in use. */
  readonly gpu: Gpu;
  readonly adapter: GpuAdapter;
  /** Name and driver, on one line. */
  readonly description: string;
  /** Maximum size in bytes of a buffer that a shader can access. */
  readonly largestBinding: number;
}

/** Size in bytes that every WebGPU adapter can bind. */
export const guaranteedBinding: number = 128 * 2 ** 20;

const driver = "a GPU with a driver for Vulkan, Direct3D 12 or Metal";

// A variable hides the name from the compiler, because the package may not be installed.
const dawnPackage: string = "webgpu";

/** The npm name and version of Dawn. */
export const dawnAndVersion: string = "webgpu@0.6.2";

/**
 * Loads Dawn; the error's command installs `packages`, everything that the caller needs.
 * @throws UnavailableError if the package or its binary is missing
 */
export async function loadDawn(packages: string = dawnAndVersion): Promise<Dawn> {
  try {
    return (await import(dawnPackage)) as Dawn;
  } catch (cause) {
    throw unavailable({
      problem: "WebGPU cannot be loaded",
      found: cause,
      needed: `webgpu (Dawn) with its binary for ${process.platform} ${process.arch}`,
      command: installCommand(packages),
    });
  }
}

/**
 * The adapter whose description contains `name`, or else the one that Dawn prefers. With `preferredOnly`, only the
 * preferred adapter is compared with `name`.
 * @throws UnavailableError if no adapter matches, or if the only one is a software adapter and `name` is undefined
 */
export async function chooseAdapter(
  dawn: Dawn,
  name: string | undefined,
  { preferredOnly = false }: { readonly preferredOnly?: boolean } = {},
): Promise<ChosenAdapter> {
  const problem = "WebGPU has no adapter";
  if (name === undefined) {
    const found = await request(dawn, [], {});
    if (!found) throw unavailable({ problem, found: "no driver provides one", needed: driver });
    if (isSoftware(found.adapter)) {
      const only = `the only one is a software adapter: ${found.description}`;
      const command = "the option `adapter` with a part of its name selects it anyway";
      throw unavailable({ problem, found: only, needed: driver, command });
    }
    return found;
  }
  const seen: string[] = [];
  for (const { options, level } of places(name).slice(0, preferredOnly ? 1 : undefined)) {
    const found = await request(dawn, options, level).catch(() => undefined);
    if (!found) continue;
    if (found.description.toLowerCase().includes(name.toLowerCase())) return found;
    seen.push(found.description);
  }
  const others = seen.length === 0 ? "" : `; found ${[...new Set(seen)].join(", ")}`;
  const found = `no name contains ${JSON.stringify(name)}${others}`;
  throw unavailable({ problem, found, needed: driver });
}

/** Where an adapter of that name is searched: among all, by Dawn's own names, and behind OpenGL ES. */
const places = (name: string) => [
  { options: [], level: {} },
  { options: [`adapter=${name}`], level: {} },
  { options: ["backend=opengles"], level: { featureLevel: "compatibility" } },
];

async function request(
  dawn: Dawn,
  options: readonly string[],
  level: object,
): Promise<ChosenAdapter | undefined> {
  const gpu = dawn.create(options);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance", ...level });
  if (adapter === null) return undefined;
  const largestBinding = adapter.limits["maxStorageBufferBindingSize"] ?? guaranteedBinding;
  return { gpu, adapter, description: describeAdapter(adapter), largestBinding };
}

function describeAdapter({ info: { vendor, device, description } }: GpuAdapter): string {
  const name = [vendor, device.replace(/-$/, "")].filter((word) => word !== "").join(" ");
  return name === "" ? description : `${name} (${description})`;
}

/** Mesa's llvmpipe does not report itself as a fallback adapter. */
function isSoftware({ info }: GpuAdapter): boolean {
  const named = /llvmpipe|lavapipe|softpipe|swiftshader|basic render|\bwarp\b/i;
  return info.isFallbackAdapter === true || named.test(`${info.device} ${info.description}`);
}
