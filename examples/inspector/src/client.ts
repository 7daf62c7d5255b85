// Calls of the worker, which is started again if the module in it fails.
import type { ErrorRecord } from "mimi-wasm";
import type { Calls, Request, Response } from "./calls.js";

declare const WORKER_SOURCE: string;

export class CallError extends Error {
  constructor(readonly record: ErrorRecord | null, message: string) {
    super(message);
  }
}

type Waiting = { resolve(result: unknown): void; reject(error: CallError): void };

const policy = (
  globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } };
  }
).trustedTypes?.createPolicy("inspector", { createScriptURL: (url) => url });

const waiting = new Map<number, Waiting>();
let numbered = 0;
let worker: Worker | null = null;

function started(): Worker {
  if (worker) return worker;
  // The only script that is ever made of text, and the text is the page's own.
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
  const fresh = new Worker(policy ? policy.createScriptURL(url) : url);
  URL.revokeObjectURL(url);
  fresh.onmessage = ({ data }: MessageEvent<Response>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) {
      const { error } = data;
      if (typeof error === "string") {
        // The module stopped in the middle of a call: what its memory holds counts for nothing.
        if (/^RuntimeError/.test(error)) restart();
        call?.reject(new CallError(null, error));
      } else {
        call?.reject(new CallError(error, error.message));
      }
    } else {
      call?.resolve(data.result);
    }
  };
  fresh.onerror = () => restart();
  fresh.postMessage(document.getElementById("module")?.textContent ?? "");
  worker = fresh;
  return fresh;
}

function restart(): void {
  worker?.terminate();
  worker = null;
  for (const call of waiting.values()) call.reject(new CallError(null, "the worker had to be started again"));
  waiting.clear();
}

/** Has the worker do a call. */
export function call<K extends keyof Calls>(name: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
  return new Promise((resolve, reject) => {
    numbered += 1;
    waiting.set(numbered, { resolve: resolve as (result: unknown) => void, reject });
    const request: Request = { id: numbered, call: name, args };
    started().postMessage(request);
  });
}
