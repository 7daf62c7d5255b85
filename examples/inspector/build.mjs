// Builds dist/index.html: one file that holds all of the page.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bundle = async (entry, define) => {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    platform: "browser",
    conditions: ["browser"],
    minify: true,
    legalComments: "none",
    // The module is beside nothing: its bytes are handed over.
    define: { "import.meta.url": '"about:blank"', ...define },
  });
  return result.outputFiles[0].text;
};

const worker = await bundle("src/worker.ts", {});
// Within a script element, nothing may look like its end or like a comment's begin.
const inline = (script) => script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const script = inline(await bundle("src/main.ts", { WORKER_SOURCE: JSON.stringify(worker) }));
const style = readFileSync(here("style.css"), "utf8");
const wasm = createRequire(import.meta.url).resolve("mimi-wasm/module.wasm");
const module = gzipSync(readFileSync(wasm), { level: 9 }).toString("base64");

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
export const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "worker-src blob:",
  "img-src data:",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types inspector",
].join("; ");

const parts = { policy, style, module, script };
const page = readFileSync(here("page.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
mkdirSync(here("dist"), { recursive: true });
writeFileSync(here("dist/index.html"), page);
console.log(`dist/index.html: ${page.length} bytes`);
