import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { type Request, readArguments } from "../../src/cli/arguments.ts";
import type { Command } from "../../src/cli/command.ts";
import { namedCommands, unnamedCommand } from "../../src/cli/commands/commands.ts";
import { helpText, topicText } from "../../src/cli/help.ts";
import { topics } from "../../src/cli/help-topics.ts";
import { OptionError } from "../../src/errors.ts";
import { outputFormatFor } from "../../src/io/formats/image-formats.ts";
import { outputForm } from "../../src/io/formats/output-form.ts";
import { completeOptions } from "../../src/pipeline/options/complete-options.ts";
import { fileOptionTable } from "../../src/pipeline/options/file-options.ts";
import { flagOf, type OptionRow } from "../../src/pipeline/options/option-table.ts";

/** What the options of `deblur in.png -o out.png WORDS` become. */
function read(...words: string[]): object {
  return readCall("in.png", "-o", "out.png", ...words).call.options;
}

/** What `deblur WORDS` runs. */
function readCall(...words: string[]): Extract<Request, { kind: "run" }> {
  const request = readArguments(words);
  if (request.kind !== "run") throw new Error(`expected a run but found ${request.kind}`);
  return request;
}

const fileOptionDefaults = Object.fromEntries(
  Object.entries(fileOptionTable).map(([key, row]) => [key, "default" in row ? row.default : null]),
);

const commands = [unnamedCommand, ...namedCommands];

function rowsOf({ options }: Command): [string, OptionRow<unknown>][] {
  return Object.entries(options as Record<string, OptionRow<unknown>>);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("each option accepts its values", () => {
  it.each([
    [["--output", "b.png"], { output: "b.png" }],
    [["-ob.png"], { output: "b.png" }],
    [["--output=-b.png"], { output: "-b.png" }],
    [["--weights", "w.safetensors"], { weights: "w.safetensors" }],
    [["--preset", "small"], { preset: "small" }],
    [["--engine", "copy"], { engine: "copy" }],
    [["--threads", "1"], { threads: 1 }],
    [["--tile", "256", "--halo", "32"], { tile: 256, halo: 32 }],
    [["--tile=144"], { tile: 144, halo: undefined }],
    [["--halo", "0"], { halo: 0 }],
    [["--pooling", "global"], { pooling: "global" }],
    [["--engine", "tfjs-wasm"], { engine: "tfjs-wasm" }],
    [["--noise", "0"], { noise: 0 }],
    [["--noise", "4294967295"], { noise: 4_294_967_295 }],
    [["--in-flight", "7"], { inFlight: 7 }],
    [["--bits", "16"], { bits: 16 }],
    [["--scale", "2"], { scale: 2 }],
    [["--scale", "auto"], { scale: "auto" }],
    [["--scale", "auto", "--tile", "256", "--halo", "64"], { tile: 256 }],
    [["--quality", "80"], { quality: 80 }],
    [["--format", "jpeg"], { format: "jpeg" }],
    [["-o-"], { output: "-" }],
    [["--compression", "none"], { compression: "none" }],
    [["--cog"], { cog: true }],
    [["--pyramid", "dzi"], { pyramid: "dzi" }],
    [["--max-pixels", "5000000000"], { maxPixels: 5_000_000_000 }],
    [["--tolerant"], { tolerant: true }],
    [["--on-tile-error", "copy"], { onTileError: "copy" }],
    [["--tile-timeout", "5"], { timeout: 5 }],
    [["--strip-metadata"], { stripMetadata: true }],
    [["--force"], { force: true }],
    [["--kernels", "k.npy", "--sigma=s.png"], { kernels: "k.npy", sigma: "s.png" }],
    [["-fq"], { force: true, quiet: true }],
    [["--json"], { json: true }],
    [["--quiet"], { quiet: true }],
  ])("%j", (words, expected) => {
    expect(read(...words)).toMatchObject(expected);
  });

  it("options that are not given have their defaults", () => {
    expect(read()).toEqual({
      output: "out.png",
      weights: undefined,
      preset: undefined,
      engine: "auto",
      threads: availableParallelism(),
      memory: undefined,
      tile: undefined,
      halo: fileOptionDefaults["halo"],
      scale: 1,
      strength: 1,
      pooling: "tlc",
      precision: "float32",
      noise: undefined,
      inFlight: undefined,
      format: undefined,
      bits: undefined,
      quality: undefined,
      compression: undefined,
      cog: false,
      pyramid: undefined,
      maxPixels: fileOptionDefaults["maxPixels"],
      tolerant: false,
      skipSharp: false,
      onTileError: "fail",
      timeout: 600,
      stripMetadata: false,
      noResume: false,
      force: false,
      skipExisting: false,
      kernels: undefined,
      sigma: undefined,
      json: false,
      quiet: false,
      help: false,
      version: false,
    });
  });

  it("defaults pass their own checks", () => {
    expect(completeOptions(fileOptionDefaults)).toEqual(fileOptionDefaults);
  });
});

const noPipes = (name: string) =>
  `Expected a path for ${name} but received "-": only pictures go through pipes; for a file named - write ./-`;

describe("invalid values are refused in one form", () => {
  it.each([
    [["--output="], 'Expected a path for --output but received ""'],
    [["--weights="], 'Expected a path for --weights but received ""'],
    [["--preset", "big"], 'Expected one of lite, small, paper for --preset but received "big"'],
    [
      ["--engine", "gpu"],
      'Expected one of auto, onnx-cuda, tfjs-node-gpu, onnx-directml, onnx-webgpu, tfjs-webgpu, onnx, tfjs-node, tfjs-wasm, onnx-tensorrt, onnx-coreml, copy for --engine but received "gpu"',
    ],
    [["--scale", "3"], "Expected one of 1, 2, 4, auto for --scale but received 3"],
    [
      ["--scale", "auto", "--halo", "16"],
      "Expected at least 32 for --halo with --scale auto but received 16",
    ],
    [
      ["--scale", "auto", "--tile", "240"],
      "Expected at least 256 for --tile with --scale auto and --halo 32 but received 240",
    ],
    [
      ["--scale", "auto", "--halo", "272"],
      "Expected at least 672 for --tile with --scale auto and --halo 272 but received 640",
    ],
    [["--noise", "-1"], "Expected an integer from 0 to 4294967295 for --noise but received -1"],
    [
      ["--noise", "4294967296"],
      "Expected an integer from 0 to 4294967295 for --noise but received 4294967296",
    ],
    [["--dtype", "f16"], "Unknown option --dtype"],
    [["--threads", "0"], "Expected an integer from 1 to 1024 for --threads but received 0"],
    [
      ["--tile", "100"],
      "Expected an integer from 16 to 8192 that is a multiple of 16 for --tile but received 100",
    ],
    [
      ["--tile", "512px"],
      'Expected an integer from 16 to 8192 that is a multiple of 16 for --tile but received "512px"',
    ],
    [
      ["--tile", "1e3"],
      'Expected an integer from 16 to 8192 that is a multiple of 16 for --tile but received "1e3"',
    ],
    [
      ["--halo", "8"],
      "Expected an integer from 0 to 2048 that is a multiple of 16 for --halo but received 8",
    ],
    [
      ["--tile", "128", "--halo", "64"],
      "Expected at most 48 for --halo with --tile 128 but received 64",
    ],
    [["--pooling", "max"], 'Expected one of global, tlc for --pooling but received "max"'],
    [["--in-flight", "65"], "Expected an integer from 1 to 64 for --in-flight but received 65"],
    [["--bits", "12"], "Expected one of 8, 16 for --bits but received 12"],
    [["--bits", "eight"], 'Expected one of 8, 16 for --bits but received "eight"'],
    [["--quality", "101"], "Expected an integer from 1 to 100 for --quality but received 101"],
    [["--quality", "-5"], "Expected an integer from 1 to 100 for --quality but received -5"],
    [["--quality", "9.5"], 'Expected an integer from 1 to 100 for --quality but received "9.5"'],
    [["--max-pixels", "0"], "Expected an integer from 1 up for --max-pixels but received 0"],
    [["--tolerant=yes"], 'Expected no value for --tolerant but received "yes"'],
    [
      ["--on-tile-error", "skip"],
      'Expected one of fail, copy for --on-tile-error but received "skip"',
    ],
    [
      ["--tile-timeout", "0"],
      "Expected an integer from 1 to 86400 for --tile-timeout but received 0",
    ],
    [["--strip-metadata=1"], 'Expected no value for --strip-metadata but received "1"'],
    [["--force=no"], 'Expected no value for --force but received "no"'],
    [["--json", "-q"], "Expected one of --json, --quiet but received both"],
    [
      ["--format", "gif"],
      'Expected one of png, jpeg, webp, avif, tiff, y4m, rawvideo, image2pipe for --format but received "gif"',
    ],
    [["--tiles", "3"], "Unknown option --tiles: did you mean --tile?"],
    [["--ouptut", "a.png"], "Unknown option --ouptut: did you mean --output?"],
    [["--output-dir", "out"], "Unknown option --output-dir: did you mean --output?"],
    [["--anything"], "Unknown option --anything"],
    [["-x"], "Unknown option -x"],
    [["--no-force"], "Unknown option --no-force"],
    [["--threads"], "Expected a value (N) for --threads but received none"],
    [["--weights", "--force"], 'Expected a value (FILE) for --weights but received "--force"'],
    [[""], 'Expected a picture but received ""'],
  ])("%j", (words, message) => {
    expect(refusal(() => read(...words))).toBe(message);
  });

  it.each([
    [[], "Expected a picture but received none"],
    [["in.png"], "Expected --output OUT but received none"],
    [["import", "a.pth", "-o", "-"], noPipes("--output")],
    [["a.png", "-o", "b.png", "--weights=-"], noPipes("--weights")],
  ])("%j", (words, message) => {
    expect(refusal(() => readArguments(words))).toBe(message);
  });
});

describe("a first operand that is a command's name is that command", () => {
  it.each<[string[], string | undefined, object]>([
    [
      ["import", "a.pth", "-o", "w.safetensors"],
      "a.pth",
      { output: "w.safetensors", dtype: "f32", trainPatch: undefined, force: false, help: false },
    ],
    [
      ["import", "a.pth", "-fo", "w", "--dtype", "bf16", "--train-patch", "112"],
      "a.pth",
      { output: "w", dtype: "bf16", trainPatch: 112, force: true, help: false },
    ],
    [
      ["export", "w", "-o", "d", "--pooling", "tlc"],
      "w",
      { output: "d", pooling: "tlc", force: false, help: false },
    ],
    [["info", "--json", "w"], "w", { json: true, help: false }],
    [["engines"], "", { adapter: undefined, probe: false, json: false, help: false }],
  ])("%j", (words, operand, options) => {
    const { command, call } = readCall(...words);
    expect(command.name).toBe(words[0]);
    expect(call).toEqual({ operand, operands: operand === "" ? [] : [operand], options });
  });

  it("wherever it stands among the options", () => {
    const { command, call } = readCall("--dtype", "f16", "-o", "info", "import", "a.pth");
    expect(command.name).toBe("import");
    expect(call).toMatchObject({ operand: "a.pth", options: { dtype: "f16", output: "info" } });
  });

  it("and a path to it is an image", () => {
    for (const { name } of namedCommands) {
      const { command, call } = readCall(`./${name}`, "-o", "a.png");
      expect(command).toBe(unnamedCommand);
      expect(call.operand).toBe(`./${name}`);
    }
  });

  it.each([
    [["import", "-o", "w"], "Expected a weights file but received none"],
    [["import", "a"], "Expected --output FILE but received none"],
    [["import", "-", "-o", "w"], noPipes("the weights file")],
    [["import", "a", "b", "-o", "w"], 'Expected one weights file but received also "b"'],
    [
      ["import", "a", "-o", "w", "--dtype", "F32"],
      'Expected one of f32, f16, bf16 for --dtype but received "F32"',
    ],
    [
      ["import", "a", "-o", "w", "--train-patch", "0"],
      "Expected an integer from 1 to 99999 for --train-patch but received 0",
    ],
    [["import", "a", "-o", "w", "--tile", "64"], "Unknown option --tile"],
    [["import", "--version"], "Unknown option --version"],
    [["export", "a"], "Expected --output DIR but received none"],
    [["info"], "Expected a weights file or net but received none"],
    [["info", "a", "-o", "b"], "Unknown option -o"],
    [["engines", "a"], 'Expected no operand but received "a"'],
  ])("%j is refused", (words, message) => {
    expect(refusal(() => readArguments(words))).toBe(message);
  });

  it.each([
    ["inof", "info"],
    ["improt", "import"],
    ["engine", "engines"],
    ["EXPORT", "export"],
    ["evaluate", "eval"],
  ])("%s is taken for %s mistyped", (word, meant) => {
    expect(refusal(() => readArguments([word, "weights"]))).toBe(
      `There is no command and no file ${word}: did you mean deblur ${meant}?`,
    );
    expect(readCall(`${word}.png`, "-o", "a.png").call.operand).toBe(`${word}.png`);
  });

  it("a word that is a file, or near no command, is an image", () => {
    const { operands } = readCall("test", "photos", "-", "-o", "out").call;
    expect(operands).toEqual(["test", "photos", "-"]);
  });

  it("an option is written alike for all that have it", () => {
    const written = new Map<string, object>();
    for (const [key, { short, value }] of commands.flatMap(rowsOf)) {
      const form = { short, switch: value === undefined };
      expect(written.get(key) ?? form, key).toEqual(form);
      written.set(key, form);
    }
  });
});

describe("options of a program", () => {
  it("are called by their own names in messages", () => {
    expect(refusal(() => completeOptions({ inFlight: 0 }))).toBe(
      "Expected an integer from 1 to 64 for inFlight but received 0",
    );
  });

  it("may be left undefined", () => {
    expect(completeOptions({ preset: undefined }).preset).toBeUndefined();
  });

  it.each([
    [{ tiles: 3 }, 'Expected the name of an option but received "tiles"'],
    [{ toString: 3 }, 'Expected the name of an option but received "toString"'],
    [
      { tile: "512" },
      'Expected an integer from 16 to 8192 that is a multiple of 16 for tile but received "512"',
    ],
    [{ force: "yes" }, 'Expected true or false for force but received "yes"'],
    [{ weights: 3 }, "Expected a path for weights but received 3"],
  ])("%j is refused", (options, message) => {
    expect(refusal(() => completeOptions(options as object))).toBe(message);
  });
});

describe("the output's suffix decides the format", () => {
  const given = (options: object = {}) => completeOptions(options);

  it.each([
    ["a.png", "png"],
    ["a.JPG", "jpeg"],
    ["a.b.jpeg", "jpeg"],
    ["x/a.tif", "tiff"],
    ["a.TIFF", "tiff"],
    ["a.WebP", "webp"],
    ["a.avif", "avif"],
  ])("%s is %s", (path, format) => {
    expect(outputForm(path, given()).format).toBe(format);
  });

  it.each(["a.bmp", "a", ".png", "a.png/b"])("%s is refused with the list of suffixes", (path) => {
    expect(refusal(() => outputForm(path, given()))).toBe(
      `Expected an output ending in one of .png, .jpg, .jpeg, .webp, .avif, .tif, .tiff but received "${path}"`,
    );
  });

  it("a format asked for counts, not the suffix", () => {
    expect(outputForm("a.png", { ...given(), format: "webp" }).format).toBe("webp");
    expect(outputForm("-", { ...given(), format: "tiff" }).format).toBe("tiff");
  });

  it.each([
    ["a.jpg", { bits: 8, quality: 95 }],
    ["a.webp", { bits: 8, quality: 95 }],
    ["a.avif", { bits: undefined, quality: 85 }],
  ])("%s has its own default quality", (path, expected) => {
    expect(outputForm(path, given())).toMatchObject(expected);
    expect(outputForm(path, given({ quality: 70 }))).toMatchObject({ quality: 70 });
  });

  it("16 bits and a quality are refused where the format has none", () => {
    expect(refusal(() => outputForm("a.jpg", given({ bits: 16 })))).toBe(
      "Expected at most 8 bits with a JPEG output but received 16",
    );
    expect(refusal(() => outputForm("a.webp", given({ bits: 16 })))).toBe(
      "Expected at most 8 bits with a WebP output but received 16",
    );
    expect(refusal(() => outputForm("a.avif", given({ bits: 16 })))).toBe(
      "Expected at most 12 bits with an AVIF output but received 16",
    );
    for (const path of ["a.png", "a.tif"])
      expect(refusal(() => outputForm(path, given({ quality: 70 })))).toBe(
        "Expected a quality only with a JPEG, WebP or AVIF output but received 70",
      );
  });

  it("an output of the input's format is the nearest we write", () => {
    const formats = ["png", "jpeg", "webp", "avif", "tiff", "gif", "heif"] as const;
    expect(formats.map(outputFormatFor)).toEqual([
      ...["png", "jpeg", "webp", "avif", "tiff", "png", "avif"],
    ]);
  });

  it("only a TIFF has a compression or is cloud-optimised", () => {
    expect(outputForm("a.tif", given({ compression: "none", cog: true })).format).toBe("tiff");
    expect(refusal(() => outputForm("a.png", given({ compression: "none" })))).toBe(
      "Expected a compression only with a TIFF output but received none",
    );
    expect(refusal(() => outputForm("a.jpg", given({ cog: true })))).toBe(
      "Expected a cloud-optimised output only with a TIFF but the output is a JPEG",
    );
  });
});

describe("--help", () => {
  it("wins over everything", () => {
    const help = { kind: "help", command: unnamedCommand };
    expect(readArguments(["--help", "--tile", "3"])).toEqual(help);
    expect(readArguments(["-h"])).toEqual(help);
    expect(readArguments(["--version"])).toEqual({ kind: "version" });
  });

  it("of a command is its own", () => {
    for (const command of namedCommands) {
      expect(readArguments([`${command.name}`, "-h"])).toEqual({ kind: "help", command });
      expect(helpText(command)).toMatch(new RegExp(`^Usage: deblur ${command.name}\\b`));
    }
  });

  it.each(commands)(
    "lists every option once, with its default, in 100 columns: $usage",
    (command) => {
      const help = helpText(command);
      for (const [key, row] of rowsOf(command)) {
        const [line = "", ...more] = help
          .split("\n")
          .filter((text) => text.slice(0, 30).includes(`${flagOf(key)} `));
        expect(more, key).toEqual([]);
        expect(line, key).toContain(row.help);
        if (row.short !== undefined) expect(line).toContain(`-${row.short}, `);
        if ("default" in row && typeof row.default === "string") {
          expect(line).toContain(`[${row.default}]`);
        }
      }
      for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
      expect(help.endsWith("\n") && !help.endsWith("\n\n")).toBe(true);
    },
  );

  it("names every command and every topic", () => {
    const help = helpText(unnamedCommand);
    for (const { name, summary } of namedCommands) {
      expect(help).toMatch(new RegExp(`^  ${name} .*${summary}$`, "m"));
    }
    for (const [name, { summary }] of Object.entries(topics)) {
      expect(help).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
    }
  });

  it("deblur help is the same; with a command's name it is that command's", () => {
    expect(readArguments(["help"])).toEqual({ kind: "help", command: unnamedCommand });
    for (const command of namedCommands) {
      expect(readArguments(["help", `${command.name}`])).toEqual({ kind: "help", command });
    }
  });

  it.each(Object.keys(topics))("deblur help %s fits 100 columns", (name) => {
    const text = `${topicText(name)}`;
    expect(readArguments(["help", name])).toEqual({ kind: "topic", text });
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
    expect(text.endsWith("\n") && !text.endsWith("\n\n")).toBe(true);
  });

  it("every exit code is explained", () => {
    const text = topicText("exit-codes");
    for (const code of [0, 1, 2, 65, 66, 69, 73, 74, 75, 129, 130, 141, 143]) {
      expect(text).toMatch(new RegExp(`^  ${code} +\\w`, "m"));
    }
  });

  it("of an unknown topic is refused, with the nearest one", () => {
    expect(refusal(() => readArguments(["help", "foldres"]))).toBe(
      "There is no help on foldres: did you mean deblur help folders?",
    );
    expect(refusal(() => readArguments(["help", "constructor"]))).toMatch(
      /^Expected a command or topic for help but received "constructor"; topics: .*, exit-codes$/,
    );
    expect(refusal(() => readArguments(["help", "pipes", "videos"]))).toBe(
      'Expected one topic but received also "videos"',
    );
  });
});
