// Builds the modules as they are shipped, and fails if one of them is larger than it may be when it is compressed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

// Bytes behind brotli, which servers of static files send.
const MODULES = { "dist-small": { options: ["--small"], most: 300_000 }, dist: { options: [], most: 1_500_000 } };

let failed = false;
for (const [folder, { options, most }] of Object.entries(MODULES)) {
  if (!process.argv.includes("--no-build")) {
    execFileSync("node", ["build.mjs", ...options], { cwd: import.meta.dirname, stdio: "inherit" });
  }
  const module = readFileSync(new URL(`${folder}/mimi_wasm_bg.wasm`, import.meta.url));
  const [gzip, brotli] = [gzipSync(module, { level: 9 }).length, brotliCompressSync(module).length];
  console.log(`${folder}: ${module.length} bytes, gzip ${gzip}, brotli ${brotli}, at most ${most}`);
  failed ||= brotli > most;
}
process.exitCode = failed ? 1 : 0;
