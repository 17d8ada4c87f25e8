import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { OptionError } from "../../src/errors.ts";
import { readArguments } from "../../src/pipeline/arguments.ts";
import { completeOptions, flagOf } from "../../src/pipeline/complete-options.ts";
import { helpText } from "../../src/pipeline/help.ts";
import { optionTable } from "../../src/pipeline/options.ts";
import { outputForm } from "../../src/pipeline/output-form.ts";

/** What the options of `deblur in.png -o out.png WORDS` become. */
function read(...words: string[]): object {
  const command = readArguments(["in.png", "-o", "out.png", ...words]);
  if (command.kind !== "deblur") throw new Error(`expected a run but found ${command.kind}`);
  return command.options;
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

describe("each option takes what it can have", () => {
  it.each([
    [["--output", "b.png"], { output: "b.png" }],
    [["-ob.png"], { output: "b.png" }],
    [["--output=-b.png"], { output: "-b.png" }],
    [["--weights", "w.safetensors"], { weights: "w.safetensors" }],
    [["--preset", "small"], { preset: "small" }],
    [["--engine", "copy"], { engine: "copy" }],
    [["--threads", "1"], { threads: 1 }],
    [["--tile", "256", "--halo", "32"], { tile: 256, halo: 32 }],
    [["--tile=144"], { tile: 144, halo: 64 }],
    [["--halo", "0"], { halo: 0 }],
    [["--pooling", "tlc"], { pooling: "tlc" }],
    [["--in-flight", "7"], { inFlight: 7 }],
    [["--bits", "16"], { bits: 16 }],
    [["--quality", "80"], { quality: 80 }],
    [["--max-pixels", "5000000000"], { maxPixels: 5_000_000_000 }],
    [["--tolerant"], { tolerant: true }],
    [["--on-tile-error", "copy"], { onTileError: "copy" }],
    [["--tile-timeout", "5"], { tileTimeout: 5 }],
    [["--strip-metadata"], { stripMetadata: true }],
    [["--force"], { force: true }],
    [["-fq"], { force: true, quiet: true }],
    [["--json"], { json: true }],
    [["--quiet"], { quiet: true }],
  ])("%j", (words, expected) => {
    expect(read(...words)).toMatchObject(expected);
  });

  it("what nobody says has its default", () => {
    expect(read()).toEqual({
      output: "out.png",
      weights: undefined,
      preset: undefined,
      engine: "auto",
      threads: availableParallelism(),
      tile: optionTable.tile.default,
      halo: optionTable.halo.default,
      pooling: "global",
      inFlight: optionTable.inFlight.default,
      bits: undefined,
      quality: undefined,
      maxPixels: optionTable.maxPixels.default,
      tolerant: false,
      onTileError: "fail",
      tileTimeout: 600,
      stripMetadata: false,
      force: false,
      json: false,
      quiet: false,
      help: false,
      version: false,
    });
  });

  it("defaults pass their own checks", () => {
    const defaults = Object.entries(optionTable).map(([key, row]) => [key, row.default]);
    expect(completeOptions(Object.fromEntries(defaults))).toEqual(Object.fromEntries(defaults));
  });
});

describe("what an option cannot have is refused in one wording", () => {
  it.each([
    [["--output="], 'Expected a path for --output but received ""'],
    [["--weights="], 'Expected a path for --weights but received ""'],
    [["--preset", "big"], 'Expected one of lite, small, paper for --preset but received "big"'],
    [["--engine", "gpu"], 'Expected one of auto, onnx, copy for --engine but received "gpu"'],
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
      "Expected at least 16 for --tile − 2·--halo but received 128 − 2·64 = 0",
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
    [["--tiles", "3"], "Unknown option --tiles"],
    [["-x"], "Unknown option -x"],
    [["--no-force"], "Unknown option --no-force"],
    [["--threads"], "Expected a value (N) for --threads but received none"],
    [["--weights", "--force"], 'Expected a value (FILE) for --weights but received "--force"'],
    [["second.png"], 'Expected one picture but received also "second.png"'],
  ])("%j", (words, message) => {
    expect(refusal(() => read(...words))).toBe(message);
  });

  it.each([
    [[], "Expected a picture to deblur but received none"],
    [["in.png"], "Expected --output FILE but received none"],
    [["-", "-o", "a.png"], 'Expected a path but received "-": this version has no pipes'],
    [["a.png", "-o", "-"], 'Expected a path but received "-": this version has no pipes'],
  ])("%j", (words, message) => {
    expect(refusal(() => readArguments(words))).toBe(message);
  });

  it.each(["train", "eval", "report", "plan", "run", "assemble", "import", "export", "info"])(
    "a first operand %s is a command to come, whatever follows it",
    (name) => {
      expect(refusal(() => readArguments([name, "flow", "--steps", "3"]))).toBe(
        `This version has no command ${name}; for a file of that name write ./${name}`,
      );
      expect(readArguments([`./${name}`, "-o", "a.png"])).toMatchObject({ input: `./${name}` });
      expect(readArguments(["a.png", "-o", name])).toMatchObject({ output: name });
    },
  );
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

describe("the output's suffix decides what is written", () => {
  const given = (options: object = {}) => completeOptions(options);

  it.each([
    ["a.png", "png"],
    ["a.JPG", "jpeg"],
    ["a.b.jpeg", "jpeg"],
    ["x/a.tif", "tiff"],
    ["a.TIFF", "tiff"],
  ])("%s is %s", (path, format) => {
    expect(outputForm(path, given()).format).toBe(format);
  });

  it.each(["a.bmp", "a", ".png", "a.png/b"])("%s is refused with the list of suffixes", (path) => {
    expect(refusal(() => outputForm(path, given()))).toBe(
      `Expected an output ending in one of .png, .jpg, .jpeg, .tif, .tiff but received "${path}"`,
    );
  });

  it("a JPEG has 8 bits and a quality, nothing else has a quality", () => {
    expect(outputForm("a.jpg", given({ quality: 70 }))).toEqual({
      format: "jpeg",
      bits: 8,
      quality: 70,
    });
    expect(refusal(() => outputForm("a.jpg", given({ bits: 16 })))).toBe(
      "Expected 8 bits with a JPEG output but received 16",
    );
    expect(refusal(() => outputForm("a.png", given({ quality: 70 })))).toBe(
      "Expected a quality only with a JPEG output but received 70",
    );
  });
});

describe("--help", () => {
  it("wins over everything but a command to come", () => {
    expect(readArguments(["--help", "--tile", "3"])).toEqual({ kind: "help" });
    expect(readArguments(["-h"])).toEqual({ kind: "help" });
    expect(readArguments(["--version"])).toEqual({ kind: "version" });
  });

  it("lists every option once, with its default, in 100 columns", () => {
    const help = helpText();
    for (const [key, row] of Object.entries(optionTable)) {
      const [line = "", ...more] = help
        .split("\n")
        .filter((text) => text.slice(0, 30).includes(`${flagOf(key)} `));
      expect(more, key).toEqual([]);
      expect(line, key).toContain(row.help);
      if (row.short !== undefined) expect(line).toContain(`-${row.short}, `);
      if (typeof row.default === "string") expect(line).toContain(`[${row.default}]`);
    }
    for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it("names every exit code", () => {
    for (const code of [0, 1, 2, 65, 66, 69, 73, 74, 75, 130, 143]) {
      expect(helpText()).toMatch(new RegExp(`\\b${code}\\b`));
    }
  });
});
