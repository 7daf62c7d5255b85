import { parseJson } from "./json.js";
import type * as t from "./types.js";

/** What every function here throws for input that it refuses. */
export class MimiError extends Error implements t.ErrorRecord {
  override readonly name = "MimiError";
  readonly kind: t.ErrorKind;
  readonly reason: string | null;
  readonly field: string | null;
  readonly offset: number | null;
  readonly section: string | null;

  constructor(record: t.ErrorRecord) {
    super(record.message);
    this.kind = record.kind;
    this.reason = record.reason;
    this.field = record.field;
    this.offset = record.offset;
    this.section = record.section;
  }
}

export function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    // Anything else is a defect of the module or of the caller's memory, and stays as it is.
    if (typeof error !== "string") throw error;
    throw new MimiError(JSON.parse(error) as t.ErrorRecord);
  }
}

export function parsed<T>(run: () => string): T {
  return parseJson(call(run)) as T;
}

/** Memory of the module, which `free` gives back; at the latest the garbage collector does. */
export abstract class Handle<Raw extends { free(): void }> {
  readonly #raw: Raw;

  constructor(raw: Raw) {
    this.#raw = raw;
  }

  /** For the functions here alone. */
  get raw(): Raw {
    return this.#raw;
  }

  free(): void {
    this.#raw.free();
  }
}

/** The members of a value of the module, whose memory is given back. */
export function plain<Raw extends { free(): void }, Key extends keyof Raw>(raw: Raw, ...keys: Key[]): Pick<Raw, Key> {
  try {
    return Object.fromEntries(keys.map((key) => [key, raw[key]])) as Pick<Raw, Key>;
  } finally {
    raw.free();
  }
}

/** Random bytes. */
export const drawn = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
