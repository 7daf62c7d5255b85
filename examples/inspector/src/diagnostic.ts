// CBOR diagnostic notation (RFC 8949 §8, with RFC 8610 §G's base64) to bytes: enough for messages that people write down.

export class NotDiagnostic extends Error {
  constructor(readonly offset: number, expected: string) {
    super(`${expected} expected at character ${offset + 1}`);
  }
}

const MAX_DEPTH = 64;

function head(major: number, value: bigint): number[] {
  const type = major << 5;
  if (value < 24n) return [type | Number(value)];
  const sizes: [number, bigint][] = [
    [1, 1n << 8n],
    [2, 1n << 16n],
    [4, 1n << 32n],
    [8, 1n << 64n],
  ];
  for (const [at, [size, limit]] of sizes.entries()) {
    if (value < limit) {
      const bytes = [];
      for (let shift = size - 1; shift >= 0; shift -= 1) bytes.push(Number((value >> BigInt(8 * shift)) & 0xffn));
      return [type | (24 + at), ...bytes];
    }
  }
  throw new RangeError("an integer of more than 64 bits");
}

const utf8 = new TextEncoder();

/** The bytes that the notation in `text` stands for. */
export function bytesOfDiagnostic(text: string): Uint8Array {
  let at = 0;
  const out: number[] = [];

  const fail = (expected: string): never => {
    throw new NotDiagnostic(at, expected);
  };
  const blank = () => {
    // White space, and comments between slashes.
    const match = /^(?:\s|\/[^/]*\/|#[^\n]*)*/.exec(text.slice(at));
    at += match?.[0].length ?? 0;
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at += match[0].length;
    return match;
  };
  const push = (bytes: Iterable<number>) => {
    for (const byte of bytes) out.push(byte);
  };
  const list = (end: string, item: () => void): number => {
    let count = 0;
    blank();
    while (text[at] !== end) {
      if (count > 0 && !take(/,/y)) fail(`"," or "${end}"`);
      blank();
      // A comma may stand behind the last item.
      if (text[at] === end) break;
      item();
      count += 1;
      blank();
    }
    at += 1;
    return count;
  };

  /** Writes what `inner` writes behind the head that says how much it was. */
  const counted = (major: number, inner: () => number) => {
    const from = out.length;
    const count = inner();
    const written = out.splice(from);
    push(head(major, BigInt(count)));
    push(written);
  };

  const value = (depth: number): void => {
    if (depth > MAX_DEPTH) fail("fewer levels");
    blank();
    let match: RegExpExecArray | null;
    if (take(/\[/y)) counted(4, () => list("]", () => value(depth + 1)));
    else if (take(/\{/y)) {
      counted(5, () =>
        list("}", () => {
          value(depth + 1);
          blank();
          if (!take(/:/y)) fail('":"');
          value(depth + 1);
        }),
      );
    } else if ((match = take(/h'([0-9a-fA-F\s]*)'/y))) {
      const digits = (match[1] ?? "").replace(/\s+/g, "");
      if (digits.length % 2 !== 0) fail("an even number of digits");
      const bytes = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
      push(head(2, BigInt(bytes.length)));
      push(bytes);
    } else if ((match = take(/b64'([0-9a-zA-Z+/_=\s-]*)'/y))) {
      const plain = (match[1] ?? "").replace(/[\s=]/g, "").replace(/-/g, "+").replace(/_/g, "/");
      const bytes = Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
      push(head(2, BigInt(bytes.length)));
      push(bytes);
    } else if ((match = take(/"(?:[^"\\\n]|\\.)*"/y))) {
      const bytes = utf8.encode(JSON.parse(match[0]) as string);
      push(head(3, BigInt(bytes.length)));
      push(bytes);
    } else if ((match = take(/'((?:[^'\\\n]|\\.)*)'/y))) {
      const bytes = utf8.encode(match[1] ?? "");
      push(head(2, BigInt(bytes.length)));
      push(bytes);
    } else if ((match = take(/(-?)(0x[0-9a-fA-F]+|\d+)(\()?/y))) {
      const number = BigInt(match[2] ?? "0");
      if (match[3] !== undefined) {
        push(head(6, number));
        value(depth + 1);
        blank();
        if (!take(/\)/y)) fail('")"');
      } else push(match[1] ? head(1, number - 1n) : head(0, number));
    } else if (take(/false\b/y)) push([0xf4]);
    else if (take(/true\b/y)) push([0xf5]);
    else if (take(/null\b/y)) push([0xf6]);
    else if (take(/undefined\b/y)) push([0xf7]);
    else fail("an item");
  };

  value(0);
  blank();
  if (at < text.length) fail("the end");
  return Uint8Array.from(out);
}
