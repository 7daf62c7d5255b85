import { readFileSync } from "node:fs";
import { initSync } from "./mimi_wasm.js";

export * from "./api.js";

initSync({ module: readFileSync(new URL("mimi_wasm_bg.wasm", import.meta.url)) });

/** Does nothing: the module is there once it is imported. Browsers must wait for it. */
export async function init(): Promise<void> {}
