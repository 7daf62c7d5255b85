import load, { initSync } from "./mimi_wasm.js";

export * from "./api.js";

/**
 * Loads the module; wait for it before anything else is called. Without an argument it is fetched from beside this
 * file. A page that may not connect gives the bytes.
 */
export async function init(module?: URL | Response | BufferSource | WebAssembly.Module): Promise<void> {
  if (module === undefined || module instanceof URL || module instanceof Response) {
    await load({ module_or_path: module ?? new URL("mimi_wasm_bg.wasm", import.meta.url) });
  } else {
    initSync({ module });
  }
}
