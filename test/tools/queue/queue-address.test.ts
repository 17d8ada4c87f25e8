import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { OptionError } from "../../../src/errors.ts";
import { checkQueueName, readQueueAddress } from "../../../src/tools/queue/queue-address.ts";

const at = (url: string | undefined, env = {}) => readQueueAddress(url, env);

describe("an address", () => {
  it.each([
    ["redis://host", { host: "host", port: 6379, db: 0, tls: false, shown: "redis://host:6379/0" }],
    ["redis://host:1/2", { port: 1, db: 2, shown: "redis://host:1/2" }],
    ["rediss://host/", { tls: true, db: 0 }],
    ["redis://[::1]:7", { host: "::1", port: 7, shown: "redis://[::1]:7/0" }],
    [
      "redis://u%40x:p%2Fw@host",
      { username: "u@x", password: "p/w", shown: "redis://host:6379/0" },
    ],
    ["redis://:only@host", { username: undefined, password: "only" }],
  ])("%s is read", (url, parts) => {
    expect(at(url)).toMatchObject(parts);
  });

  it("takes what it lacks from the environment", () => {
    const env = {
      DEBLUR_QUEUE: "redis://other:5",
      DEBLUR_QUEUE_USERNAME: "ann",
      DEBLUR_QUEUE_PASSWORD: "secret",
    };
    expect(at(undefined, env)).toMatchObject({
      host: "other",
      username: "ann",
      password: "secret",
    });
    expect(at("redis://bob:pw@host", env)).toMatchObject({ username: "bob", password: "pw" });
    expect(() => at(undefined)).toThrow(OptionError);
  });

  it.each([
    "host",
    "tcp://host",
    "redis:///0",
    "redis://host/a",
    "redis://host/1/2",
    "redis://h/0#x",
  ])("%s is refused", (url) => {
    expect(() => at(url)).toThrow("Expected an address such as");
  });
});

test("no message and no shown address holds the password, whatever it is", () => {
  const secret = fc.stringMatching(/^[!-~]{6,20}$/);
  const fixed = "Expected an address such as redis://host:6379/0 or rediss://host for queue";
  fc.assert(
    fc.property(secret, fc.constantFrom("host", "host:x", "host/y", ""), (password, rest) => {
      // A host follows the last "@".
      const hidden = password.includes("@")
        ? password.slice(0, password.lastIndexOf("@"))
        : password;
      fc.pre(hidden.length > 3 && !fixed.includes(hidden));
      for (const raw of [password, encodeURIComponent(password)]) {
        let text: string;
        try {
          text = at(`redis://ann:${raw}@${rest}`).shown;
        } catch (error) {
          text = String(error);
        }
        expect(text).not.toContain(hidden);
      }
    }),
    { numRuns: 500 },
  );
});

test("a name has letters, digits and few signs", () => {
  expect(checkQueueName("name", "a.b-c_1")).toBe("a.b-c_1");
  for (const wrong of ["", "a:b", "a b", "a".repeat(101), 5]) {
    expect(() => checkQueueName("name", wrong)).toThrow(OptionError);
  }
});
