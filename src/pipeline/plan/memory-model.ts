/**
 * How much memory a run will have taken at its most, the process itself included: resident bytes, fitted to what
 * was measured with each engine and net (test/bench/README.md).
 */
/** What the memory of a run depends on. */
export interface MemoryUse {
  /** As its identity says. */
  readonly engine: string;
  /** Of the engine's net; none: a net of other sizes, or no net. */
  readonly preset: string | undefined;
  readonly threads: number;
  /** Of what a tile reads, pixels. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tiles: number;
  readonly inFlight: number;
  /** Bytes a pixel of the picture. */
  readonly pixelBytes: number;
  /** Bytes of decoded blocks of the input that are kept. */
  readonly kept: number;
  /** Bytes that wait for neighbours in memory; none where tiles wait in files. */
  readonly margins: number;
  /** Bytes of decoding the input before the first tile, and of encoding the output after the last. */
  readonly decoding: number;
  readonly encoding: number;
}

/** The process with its modules, and each thread of the pool. */
const base = 92e6;
const threadBytes = 18e6;
/** What is done with and not freed by hand stays until the next collection of garbage. */
const mostGarbage = 36e6;

/** Expected bytes at the peak; undefined for an engine with a net that nobody measured. */
export function memoryOf(use: MemoryUse): number | undefined {
  const engine = engineBytes(use);
  if (engine === undefined) return undefined;
  const pixels = use.tileWidth * use.tileHeight;
  // What the net sees, what it answers, the samples under both, once read and once stored.
  const tile = pixels * (24 + 3 * use.pixelBytes);
  const garbage = Math.min(mostGarbage, use.tiles * tile);
  const flowing = use.inFlight * tile + garbage + use.kept + use.margins;
  const onDevice = engine.perPixel * pixels;
  const resident = base + threadBytes * use.threads + engine.fixed;
  return Math.round(resident + Math.max(use.decoding, onDevice + Math.max(flowing, use.encoding)));
}

interface EngineBytes {
  readonly fixed: number;
  /** For each pixel of the one tile on the device. */
  readonly perPixel: number;
}

const measured: Readonly<Record<string, Readonly<Record<string, EngineBytes>>>> = {
  copy: { none: { fixed: 0, perPixel: 12 } },
  onnx: {
    lite: { fixed: 227e6, perPixel: 2700 },
    small: { fixed: 694e6, perPixel: 2100 },
    paper: { fixed: 2444e6, perPixel: 10_300 },
  },
  "tfjs-wasm": { lite: { fixed: 259e6, perPixel: 1250 } },
};

function engineBytes({ engine, preset }: MemoryUse): EngineBytes | undefined {
  return measured[engine]?.[preset ?? "none"];
}
