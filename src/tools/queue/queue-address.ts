/** Reads the address of a Redis server. User and password never appear in messages. */
import { OptionError } from "../../errors.ts";

/** A Redis server and a queue on it. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The address without user and password. */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that hold the address, and its user and password where the address has none. */
export const queueVariables = {
  url: "DEBLUR_QUEUE",
  username: "DEBLUR_QUEUE_USERNAME",
  password: "DEBLUR_QUEUE_PASSWORD",
} as const;

const expected = "an address such as redis://host:6379/0 or rediss://host";

/**
 * Reads `redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]`; `rediss` encrypts. User and password come from `env` where the
 * address has none, and the address itself where `url` is undefined.
 * @throws OptionError, without user and password
 */
export function readQueueAddress(
  url: string | undefined,
  env: Environment = process.env,
  name = "queue",
): QueueAddress {
  const text = url ?? env[queueVariables.url];
  if (text === undefined || text === "") {
    throw new OptionError(`Expected ${expected} for ${name}, or in ${queueVariables.url}`);
  }
  const wrong = () =>
    new OptionError(`Expected ${expected} for ${name} but received "${hidden(text)}"`);
  if (!URL.canParse(text)) throw wrong();
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(text);
  const place = /^\/?(\d{1,4})?$/.exec(pathname);
  if (!/^rediss?:$/.test(protocol) || hostname === "" || place === null) throw wrong();
  const [, db = "0"] = place;
  if (search !== "" || hash !== "") throw wrong();
  const host = hostname.replace(/^\[|\]$/g, "");
  const at = { host, port: port === "" ? 6379 : Number(port), db: Number(db) };
  return {
    ...at,
    tls: protocol === "rediss:",
    username: decoded(username) || env[queueVariables.username] || undefined,
    password: decoded(password) || env[queueVariables.password] || undefined,
    shown: `${protocol}//${hostname}:${at.port}/${at.db}`,
  };

  function decoded(part: string): string {
    try {
      return decodeURIComponent(part);
    } catch {
      throw wrong();
    }
  }
}

/** The text of an address up to its last "@" may hold a password. */
function hidden(text: string): string {
  return text.includes("@") ? `…${text.slice(text.lastIndexOf("@"))}` : text;
}

/** The name of a queue on a server. @throws OptionError */
export function checkQueueName(name: string, value: unknown): string {
  if (typeof value === "string" && /^[\w.-]{1,100}$/.test(value)) return value;
  throw new OptionError(
    `Expected letters, digits, ".", "_" and "-" for ${name} but received ${JSON.stringify(value)}`,
  );
}
