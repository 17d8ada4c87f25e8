/** Creates a folder with the device files of a machine. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lookForGpus } from "../../../src/pipeline/engines/gpu-presence.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "deblur-gpus-"));
});
afterEach(() => rm(root, { recursive: true }));

async function file(path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), "");
}

async function renderNode(driver: string): Promise<void> {
  await file("dev/dri/renderD128");
  await mkdir(join(root, "sys/class/drm/renderD128/device"), { recursive: true });
  await symlink(`/sys/bus/drivers/${driver}`, join(root, "sys/class/drm/renderD128/device/driver"));
}

test("finds no GPU on a machine without devices", () => {
  const { noGpu, noNvidia } = lookForGpus("linux", root);
  expect(noGpu).toMatch(/^no GPU: /);
  expect(noNvidia).toMatch(/^no NVIDIA driver: /);
});

test.each(["i915", "amdgpu", "nouveau"])(
  "finds a GPU, but not NVIDIA's, behind a render node of %s",
  async (it) => {
    await renderNode(it);
    const { noGpu, noNvidia } = lookForGpus("linux", root);
    expect(noGpu).toBeUndefined();
    expect(noNvidia).toMatch(/nvidiactl/);
  },
);

test("finds no GPU behind a virtual machine's display", async () => {
  await renderNode("virtio_gpu");
  expect(lookForGpus("linux", root).noGpu).toMatch(/^no GPU: /);
});

test.each(["dev/nvidiactl", "dev/dxg"])("assumes an NVIDIA GPU behind %s", async (path) => {
  await file(path);
  expect(lookForGpus("linux", root)).toEqual({ noGpu: undefined, noNvidia: undefined });
});

test("gives no reason on other platforms", () => {
  expect(lookForGpus("darwin", root)).toEqual({ noGpu: undefined, noNvidia: undefined });
});
