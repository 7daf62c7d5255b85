import type { Json } from "./types.js";

// A string, or an integer of digits enough to be beyond 2^53.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** Stands before the digits of an integer in a string. No input can hold it, so that no text is taken for an integer. */
function freshMark(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `integer-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}:`;
}

/** `JSON.parse`, with integers that a `number` can't hold as `bigint`. */
export function parseJson(text: string): Json {
  let mark = "";
  const safe = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || Number.isSafeInteger(Number(token))) return token;
    mark ||= freshMark();
    return `"${mark}${token}"`;
  });
  if (mark === "") return JSON.parse(text) as Json;
  return JSON.parse(safe, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  ) as Json;
}

/** `JSON.stringify`, with every `bigint` as the integer that it is. */
export function writeJson(value: Json): string {
  let mark = "";
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== "bigint") return each;
    mark ||= freshMark();
    return mark + each.toString();
  });
  return mark === "" ? text : text.replace(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1");
}
