/** Opens ONNX Runtime sessions on one provider, and never silently falls back to another one. */
import type { InferenceSession } from "onnxruntime-node";
import type { Precision } from "../../engine.ts";
import type { BackendOptions } from "../backend.ts";
import { chooseAdapter, guaranteedBinding, loadDawn } from "../dawn.ts";
import { unavailable } from "../runtime-failures.ts";
import { addsBytesExactly, type OnnxRuntime } from "./load-runtime.ts";
import { type OnnxEngineName, onnxProviders } from "./providers.ts";

export interface OnnxProviderSessions {
  readonly precision: Precision;
  /** The adapter it computes on; undefined: the processor. */
  readonly adapter: string | undefined;
  /** Maximum size of a tensor in bytes; undefined: limited by memory only. */
  readonly largestBinding: number | undefined;
  openSession(model: Uint8Array): Promise<InferenceSession>;
}

/** @throws UnavailableError if this library lacks the provider, or no adapter supports it */
export async function openProvider(
  engine: OnnxEngineName,
  ort: OnnxRuntime,
  options: Pick<BackendOptions, "adapter" | "threads" | "precision">,
): Promise<OnnxProviderSessions> {
  const provider = onnxProviders[engine];
  const { name, needed, command } = provider;
  const precision = options.precision === "int8" ? "int8" : provider.precision;
  const lack = (found: unknown) =>
    unavailable({ problem: `ONNX Runtime cannot use ${name}`, found, needed, command });
  const exact = precision !== "int8" || (await addsBytesExactly(ort));
  const settings = {
    intraOpNumThreads: options.threads,
    extra: {
      session: {
        // Threads that spin while waiting would take the cores from threads that work.
        intra_op: { allow_spinning: "0" },
        // Exact but slower products.
        ...(!exact && { x64quantprecision: "1" }),
      },
    },
    // Errors are thrown, too.
    logSeverityLevel: 4,
  } as const;
  const create = (model: Uint8Array, chosen: InferenceSession.ExecutionProviderConfig) =>
    ort.InferenceSession.create(model, { ...settings, executionProviders: [chosen] });
  if (name === "cpu") {
    const none = { adapter: undefined, largestBinding: undefined };
    return { precision, ...none, openSession: (model) => create(model, name) };
  }
  const listed = ort.listSupportedBackends().map((backend) => backend.name);
  if (!listed.includes(name)) {
    throw lack(`this build for ${process.platform} ${process.arch} supports ${listed.join(", ")}`);
  }
  const onGpu = name === "webgpu" ? await preferredAdapter(options.adapter) : undefined;
  const deviceId = deviceOf(options.adapter);
  const numbered = deviceId !== undefined && name !== "webgpu" && name !== "coreml";
  const chosen = numbered ? { name, deviceId } : { name };
  return {
    precision,
    adapter: onGpu?.adapter ?? `device ${deviceId ?? 0}`,
    largestBinding: onGpu?.largestBinding,
    openSession: (model) =>
      create(model, chosen).catch((cause: unknown) => {
        throw lack(cause instanceof Error ? cause.message.replace(/^.* was false\. /s, "") : cause);
      }),
  };
}

function deviceOf(adapter: string | undefined): number | undefined {
  return adapter !== undefined && /^\d+$/.test(adapter) ? Number(adapter) : undefined;
}

/**
 * The adapter that ONNX Runtime will use: it takes the one its own Dawn prefers, and does not report it. The
 * package `webgpu` gives the same answer; without it, the limit that every adapter guarantees is assumed.
 */
async function preferredAdapter(
  name: string | undefined,
): Promise<{ readonly adapter: string; readonly largestBinding: number }> {
  const dawn = await loadDawn().catch((missing: unknown) => {
    if (name !== undefined) throw missing;
  });
  if (!dawn) return { adapter: "of ONNX Runtime's choice", largestBinding: guaranteedBinding };
  const { description, largestBinding } = await chooseAdapter(dawn, name, { preferredOnly: true });
  return { adapter: description, largestBinding };
}
