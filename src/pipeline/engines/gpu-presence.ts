/**
 * Detects from the operating system's device files whether this machine has a GPU. Asking a library instead would load
 * drivers, which write complaints to standard error.
 */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";

/** The reasons why no GPU is available. */
export interface GpuPresence {
  /** undefined: there is a GPU, or only an attempt can tell. */
  readonly noGpu: string | undefined;
  /** undefined: there is an NVIDIA driver, or only an attempt can tell. */
  readonly noNvidia: string | undefined;
}

/** Linux drivers whose render nodes have no GPU that Vulkan can use. */
const virtual = /^(virtio|vmwgfx|vgem|vkms|bochs|qxl|cirrus|simpledrm|hyperv)/;

/** Inspects the files below `root`. Only Linux shows GPUs as files; on other platforms both reasons are undefined. */
export function lookForGpus(platform: NodeJS.Platform = process.platform, root = "/"): GpuPresence {
  if (platform !== "linux") return { noGpu: undefined, noNvidia: undefined };
  // WSL exposes the host's GPU, of any vendor, through its own device.
  const shared = existsSync(join(root, "dev/dxg"));
  const nvidia = shared || existsSync(join(root, "dev/nvidiactl"));
  const some = nvidia || existsSync(join(root, "dev/kfd")) || hasRenderNode(root);
  return {
    noGpu: some ? undefined : "no GPU: no /dev/dri/renderD* with a driver, no /dev/nvidiactl",
    noNvidia: nvidia ? undefined : "no NVIDIA driver: there is no /dev/nvidiactl",
  };
}

function hasRenderNode(root: string): boolean {
  try {
    const nodes = readdirSync(join(root, "dev/dri")).filter((name) => name.startsWith("renderD"));
    return nodes.some((node) => {
      const driver = basename(readlinkSync(join(root, "sys/class/drm", node, "device/driver")));
      return !virtual.test(driver);
    });
  } catch {
    return false;
  }
}
