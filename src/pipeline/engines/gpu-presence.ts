/**
 * Whether this machine has a GPU at all, from what the kernel shows: a library that is asked first loads drivers and
 * complains on standard error.
 */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";

export interface GpuPresence {
  /** None: there is one, or nobody can tell before trying. */
  readonly noGpu: string | undefined;
  readonly noNvidia: string | undefined;
}

/** Render nodes of these kernel drivers have no GPU behind them that Vulkan could use. */
const virtual = /^(virtio|vmwgfx|vgem|vkms|bochs|qxl|cirrus|simpledrm|hyperv)/;

/** Looks below `root`. Only Linux shows its GPUs as files; elsewhere nothing is in the way of trying. */
export function lookForGpus(platform: NodeJS.Platform = process.platform, root = "/"): GpuPresence {
  if (platform !== "linux") return { noGpu: undefined, noNvidia: undefined };
  // Windows' Linux has the host's GPU, whatever its make, behind a device of its own.
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
