import { expect, test } from "vitest";
import { installCommand } from "../../../src/model/engines/install-command.ts";

test.each([
  ["a project gets it as it got this one", "/home/a/photos/node_modules/rx-deblur", ""],
  ["one installed globally goes on globally", "/usr/lib/node_modules/rx-deblur", "-g "],
  ["so on Windows", "C:\\Users\\a\\AppData\\Roaming\\npm\\node_modules\\rx-deblur", "-g "],
  ["a clone saves it for development, or npm passes over it", "/home/a/rx-deblur", "--save-dev "],
])("%s", (_, folder, how) => {
  const file = `${folder}/dist/src/model/engines/dawn.js`;
  expect(installCommand("webgpu@0.6.2", file)).toBe(`npm install ${how}webgpu@0.6.2`);
});
