/**
 * Interprets the pickles that torch.save writes (protocol 2) without executing code: the opcodes are a fixed list,
 * and an unknown global is an error. Work and memory are bounded by the pickle's length.
 */
import { WeightsError } from "../../errors.ts";
import { printable } from "./names.ts";

/**
 * A value in a pickle: null, booleans, numbers and strings; tuples and lists as arrays; dicts as Maps; known
 * globals; and the caller's results for calls and persistent ids.
 */
export type PickleValue = unknown;

/** A global that the caller supports. */
export interface Known {
  /** Returns the result of a call; undefined: it cannot be called. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

export interface Vocabulary {
  /** By module and name, separated by a space. */
  readonly globals: ReadonlyMap<string, Known>;
  /** Returns the value of a persistent id. */
  persistent(id: PickleValue): PickleValue;
}

const maxOperations = 1_000_000;

/**
 * The value of a pickle that fills `bytes`.
 * @throws WeightsError with the global, opcode or damage that stopped the reader
 */
export function readPickle(bytes: Uint8Array, vocabulary: Vocabulary): PickleValue {
  const { value, end } = readPickleAt(bytes, 0, vocabulary);
  if (end !== bytes.length) throw broken("unused data remains at its end");
  return value;
}

/** The value of the pickle that begins at `begin`, and where it ends. @throws WeightsError as `readPickle` */
export function readPickleAt(
  bytes: Uint8Array,
  begin: number,
  vocabulary: Vocabulary,
): { value: PickleValue; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const callable = new Set<unknown>(vocabulary.globals.values());
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  const memo = new Map<number, PickleValue>();
  let at = begin;

  const take = (count: number): number => {
    const start = at;
    if (start + count > bytes.length) throw broken("it is truncated");
    at += count;
    return start;
  };
  const byte = (): number => bytes[take(1)] as number;
  const long = (): number => view.getUint32(take(4), true);
  const text = (length: number): string => {
    const start = take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        bytes.subarray(start, at),
      );
    } catch (cause) {
      throw new WeightsError("PyTorch file: a text in its pickle is not UTF-8", { cause });
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw broken("it is truncated");
    const found = text(end - at);
    at = end + 1;
    return found;
  };
  const integer = (length: number): number => {
    if (length > 8) throw broken(`it has an integer of ${length} bytes`);
    let value = 0n;
    const start = take(length);
    for (let i = at - 1; i >= start; i--) value = (value << 8n) | BigInt(bytes[i] as number);
    return Number(BigInt.asIntN(length * 8, value));
  };

  const top = (): PickleValue => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw broken("its stack is empty");
    return stack.at(-1);
  };
  const pop = (): PickleValue => {
    const value = top();
    stack.pop();
    return value;
  };
  const popToMark = (): PickleValue[] => {
    const mark = marks.pop();
    if (mark === undefined) throw broken("it closes a mark that it did not open");
    return stack.splice(mark);
  };
  const popMany = (count: number): PickleValue[] => {
    const values = Array.from({ length: count }, pop);
    return values.reverse();
  };
  const remembered = (index: number): PickleValue => {
    if (!memo.has(index)) throw broken(`memo entry ${index} is missing`);
    return memo.get(index);
  };
  const append = (items: readonly PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list)) throw broken("it appends to a value that is not a list");
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly PickleValue[]): void => {
    const dict = top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw broken("it sets items of a value that is not a dict");
    }
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  };
  const global = (): Known => {
    const name = `${line()} ${line()}`;
    const known = vocabulary.globals.get(name);
    if (known) return known;
    throw new WeightsError(
      `PyTorch file: its pickle refers to ${printable(name.replace(" ", "."))}, which weights do not need; no code was executed`,
    );
  };
  const call = (): PickleValue => {
    const args = pop();
    const known = pop() as Known;
    if (!callable.has(known) || known.call === undefined || !Array.isArray(args)) {
      throw broken("it calls a value that is not callable");
    }
    return known.call(args);
  };
  const build = (): void => {
    pop(); // the attributes of an OrderedDict: state_dict's version numbers
    if (!(top() instanceof Map)) throw broken("it sets the state of a value that is not a dict");
  };

  for (let operations = 0; operations < maxOperations; operations++) {
    const code = byte();
    const letter = String.fromCharCode(code);
    if (code === 0x80) {
      const protocol = byte();
      if (protocol !== 2) throw broken(`expected protocol 2 but found ${protocol}`);
    } else if (letter === ".") {
      const value = pop();
      if (stack.length > 0) throw broken("unused data remains at its end");
      return { value, end: at };
    } else if (letter === "(") marks.push(stack.length);
    else if (letter === "c") stack.push(global());
    else if (letter === "R") stack.push(call());
    else if (letter === "b") build();
    else if (letter === "Q") stack.push(vocabulary.persistent(pop()));
    else if (letter === "N") stack.push(null);
    else if (code === 0x88) stack.push(true);
    else if (code === 0x89) stack.push(false);
    else if (letter === "K") stack.push(byte());
    else if (letter === "M") stack.push(view.getUint16(take(2), true));
    else if (letter === "J") stack.push(view.getInt32(take(4), true));
    else if (letter === "G") stack.push(view.getFloat64(take(8), false));
    else if (code === 0x8a) stack.push(integer(byte()));
    else if (letter === "X") stack.push(text(long()));
    else if (letter === "}") stack.push(new Map());
    else if (letter === "]" || letter === ")") stack.push([]);
    else if (letter === "t") stack.push(popToMark());
    else if (code >= 0x85 && code <= 0x87) stack.push(popMany(code - 0x84));
    else if (letter === "a") append(popMany(1));
    else if (letter === "e") append(popToMark());
    else if (letter === "s") setItems(popMany(2));
    else if (letter === "u") setItems(popToMark());
    else if (letter === "q") memo.set(byte(), top());
    else if (letter === "r") memo.set(long(), top());
    else if (letter === "h") stack.push(remembered(byte()));
    else if (letter === "j") stack.push(remembered(long()));
    else
      throw broken(`opcode 0x${code.toString(16).padStart(2, "0")} is not written by torch.save`);
  }
  throw broken(`it has more than ${maxOperations} operations`);
}

function broken(problem: string): WeightsError {
  return new WeightsError(`PyTorch file: its pickle cannot be read: ${problem}`);
}
