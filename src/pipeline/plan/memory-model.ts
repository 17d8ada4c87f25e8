/**
 * Estimates the peak of a run's resident memory, the process included. The constants are fitted to measurements with
 * each engine and net (test/bench/README.md).
 */
/** The quantities that decide the memory of a run. */
export interface MemoryUse {
  /** The engine's name, as in its identity. */
  readonly engine: string;
  /** Of the engine's net; undefined: the net has other sizes than any preset, or the engine has no net. */
  readonly preset: string | undefined;
  readonly threads: number;
  /** Pixels of the rectangle that a tile reads. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Most pixels of a tile on the device. */
  readonly netPixels: number;
  /** Bytes per pixel of a tile for restoring it at another size than its own. */
  readonly scaling: number;
  readonly tiles: number;
  readonly inFlight: number;
  /** Bytes per pixel of the image. */
  readonly pixelBytes: number;
  /** Bytes of decoded blocks of the input that are kept. */
  readonly kept: number;
  /** Bytes of seams waiting in memory for their neighbours; 0 if tiles wait in files. */
  readonly margins: number;
  /** Bytes of decoding the input before the first tile, and of encoding the output after the last. */
  readonly decoding: number;
  readonly encoding: number;
}

/** Bytes of the process with its modules, and of each thread of the pool. */
const base = 92e6;
const threadBytes = 18e6;
/** Most bytes of unused buffers that wait for the garbage collector. */
const mostGarbage = 36e6;

/** Returns the expected bytes at the peak; undefined: the engine was never measured with this net. */
export function memoryOf(use: MemoryUse): number | undefined {
  const engine = engineBytes(use);
  if (engine === undefined) return undefined;
  const pixels = use.tileWidth * use.tileHeight;
  // The net's input and output, and the samples under both, once as read and once as stored.
  const tile = pixels * (24 + 3 * use.pixelBytes + use.scaling);
  const garbage = Math.min(mostGarbage, use.tiles * tile);
  const flowing = use.inFlight * tile + garbage + use.kept + use.margins;
  const onDevice = engine.perPixel * use.netPixels;
  const resident = base + threadBytes * use.threads + engine.fixed;
  return Math.round(resident + Math.max(use.decoding, onDevice + Math.max(flowing, use.encoding)));
}

interface EngineBytes {
  readonly fixed: number;
  /** Bytes for each pixel of the one tile on the device. */
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
