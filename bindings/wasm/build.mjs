// Builds the module and what loads it into dist/. `node build.mjs --quick` optimizes less, for tests.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "target");
const quick = process.argv.includes("--quick");
const small = process.argv.includes("--small");
const out = join(here, small ? "dist-small" : "dist");

const run = (program, args, env = {}) =>
  execFileSync(program, args, { cwd: here, stdio: "inherit", env: { ...process.env, ...env } });

// rustup's toolchain has the target once `rustup target add wasm32-unknown-unknown` was called. Debian's has the
// source of the standard library instead (packages rustc-web, cargo-web, rust-web-src, rust-web-llvm and lld-22).
const sysroot = execFileSync("rustc", ["--print", "sysroot"], { encoding: "utf8" }).trim();
const hasTarget = existsSync(join(sysroot, "lib/rustlib/wasm32-unknown-unknown/lib"));
const features = small ? ["--no-default-features", "--features", "content,inspect"] : [];
const build = ["build", "--profile", quick ? "quick" : "release", "--target", "wasm32-unknown-unknown"];
if (hasTarget) {
  run("cargo", [...build, ...features]);
} else {
  run("/usr/bin/cargo", [...build, ...features, "-Zbuild-std=std,panic_abort"], {
    RUSTC: "/usr/bin/rustc",
    RUSTC_BOOTSTRAP: "1",
  });
}
run("cargo", ["run", "--quiet", "-p", "bindgen", "--",
  join(target, "wasm32-unknown-unknown", quick ? "quick" : "release", "mimi_wasm.wasm"), "js"]);

// The small module has no JavaScript of its own here: it is there to be weighed.
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
if (!small) run("npx", ["tsc", "--project", "."]);
for (const file of ["mimi_wasm.js", "mimi_wasm.d.ts", "mimi_wasm_bg.wasm"]) copyFileSync(join(here, "js", file), join(out, file));
