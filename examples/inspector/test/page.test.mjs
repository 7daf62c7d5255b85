// The page in Chromium, with input from the shipped vectors. Screenshots are written to the folder
// that SCREENSHOTS names, or to screenshots/.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";

import axe from "axe-core";
import { chromium } from "playwright-core";

import { serve } from "../serve.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const vectorPath = (kind) => here(`../../../test-vectors/vectors/${kind}.json`);
const vectors = (kind) => JSON.parse(readFileSync(vectorPath(kind), "utf8"));
const screenshots = process.env.SCREENSHOTS ?? here("../screenshots");

let server, context, page, profile;
const problems = [];
const requests = [];

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  server = await serve(0);
  profile = mkdtempSync(join(tmpdir(), "inspector-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
after(async () => {
  await context?.close();
  server?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
});

const url = () => `http://127.0.0.1:${server.address().port}/`;

beforeEach(async () => {
  await page?.close();
  page = await context.newPage();
  problems.length = 0;
  requests.length = 0;
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url());
});

const picture = (name, options = {}) => page.screenshot({ path: join(screenshots, `${name}.png`), ...options });
const tab = (name) => page.getByRole("tab", { name }).click();
const panel = (name) => page.locator(`#panel-${name}`);
const paste = (name, label, text) => panel(name).getByLabel(label, { exact: true }).first().fill(text);
const pick = (name, ...files) => panel(name).locator("input[type=file]").first().setInputFiles(files);
const file = (name, content) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) });

/** Nothing failed, nothing was requested but the page, and nothing is stored. */
async function clean() {
  assert.deepEqual(problems, []);
  assert.deepEqual(requests.filter((each) => each !== url() && !/^(blob|data):/.test(each)), []);
  const stored = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(stored, [0, 0, ""]);
}

async function accessible() {
  const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]`;
  const found = await page.evaluate(`${axe.source}; axe.run(document, { runOnly: ${rules} })`);
  const violations = found.violations.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]);
  assert.deepEqual(violations, []);
}

test("bytes: a message, its tree beside its bytes, its ID", async () => {
  const message = vectors("content").cases.find((each) => each.name === "reply");
  await paste("bytes", "Bytes", message.encoded);
  const view = panel("bytes");
  await view.getByText("accepted", { exact: true }).waitFor();
  assert.equal(await view.locator(".type-name").textContent(), "MimiContent");
  await view.locator(".message-id code").waitFor();
  assert.equal(await view.locator(".message-id code").textContent(), message.message_id);
  await view.getByText("valid", { exact: true }).waitFor();

  // Hovering over a field shows its bytes, and the other way around.
  await view.locator(".field", { hasText: "in_reply_to" }).hover();
  await view.locator(".byte.hovered").first().waitFor();
  const hovered = await view.locator(".byte.hovered").allTextContents();
  assert.equal(hovered.join(""), `5820${message.value.in_reply_to}`);
  await view.locator(".byte[data-at='1']").hover();
  await view.locator(".field.hovered", { hasText: "salt" }).waitFor();
  await view.locator(".byte[data-at='2']").click();
  await view.locator(".status", { hasText: "MimiContent.salt" }).waitFor();
  await picture("bytes");
  await picture("message", { fullPage: true });
  await accessible();
  await clean();
});

test("bytes: by the keyboard alone", async () => {
  const { cases } = vectors("wire");
  await paste("bytes", "Bytes", cases.find((each) => each.type === "MLSMessage" && each.valid !== false).encoded);
  const tree = page.getByRole("tree");
  await tree.waitFor();
  await tree.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => {
    const active = document.querySelector("[role=tree]").getAttribute("aria-activedescendant");
    return document.getElementById(active)?.getAttribute("aria-selected") === "true";
  });
  const rows = await page.getByRole("treeitem").count();
  assert.ok(rows > 2);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  await page.locator("[role=treeitem][aria-expanded=false]").waitFor();
  await page.waitForFunction(() => document.querySelectorAll("[role=treeitem]").length === 1);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((count) => document.querySelectorAll("[role=treeitem]").length === count, rows);
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.locator(".byte.cursor").waitFor();
  await page.keyboard.press("Home");
  await page.locator(".byte.cursor[data-at='0']").waitFor();
  await page.getByRole("tab", { name: "Bytes" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("tab", { name: "Conversation" }).getAttribute("aria-selected"), "true");
  await clean();
});

test("bytes: a refusal with its place and section, and the diagnosis", async () => {
  const good = vectors("content").cases.find((each) => each.name === "reply").encoded;
  await panel("bytes").getByLabel("Type", { exact: true }).fill("MimiContent");
  // A salt without bytes, as early clients sent it.
  await paste("bytes", "Bytes", `8740${good.slice(36)}`);
  const refusal = panel("bytes").locator(".refusal");
  await refusal.getByText("mimi-content-09 §4").waitFor();
  assert.match(await refusal.textContent(), /MimiContent\.salt/);
  await panel("bytes").getByText("salt of 0 bytes, expected 16").last().waitFor();
  await refusal.getByRole("button", { name: "Show" }).click();
  await page.locator(".byte.cursor").waitFor();
  await picture("refusal", { fullPage: true });
  await accessible();
  await clean();
});

test("bytes: hex, base64, diagnostic notation and files are the same", async () => {
  const hex = "01610162";
  const view = panel("bytes");
  await view.getByLabel("Type", { exact: true }).fill("HPKECiphertext");
  for (const text of [hex, "AWEBYg==", "0x01, 0x61, 0x01, 0x62"]) {
    await paste("bytes", "Bytes", text);
    await view.getByText("4 bytes, 3 fields").waitFor();
    await paste("bytes", "Bytes", "");
    await view.locator(".type-name").waitFor({ state: "detached" });
  }
  await pick("bytes", file("a.bin", Buffer.from(hex, "hex")));
  await view.getByText("4 bytes, 3 fields").waitFor();
  await view.getByLabel("Type", { exact: true }).fill("");
  const report = vectors("message-status").cases.find((each) => each.valid !== false && each.statuses.length === 1);
  const [[id, status]] = report.statuses;
  await paste("bytes", "Bytes", `[[h'${id}', ${status}]]`);
  await view.locator(".type-name", { hasText: "MessageStatusReport" }).waitFor();
  await view.getByText(`${report.encoded.length / 2} bytes`).first().waitFor();
  await clean();
});

test("conversation: as a user sees it", async () => {
  await tab("Conversation");
  const story = readFileSync(here("../../../test-vectors/conversations/story.jsonl"), "utf8");
  await paste("conversation", "Messages", story);
  const view = panel("conversation");
  await view.locator("li.bubble").first().waitFor();
  assert.match(await view.locator("li.bubble").first().textContent(), /we just shipped release 2\.0/);
  assert.ok((await view.locator("li.bubble blockquote").count()) > 0);
  await picture("conversation", { fullPage: true });
  await accessible();
  await paste("conversation", "Messages", '{"room_uri": 7}');
  await view.getByText("line 1:").waitFor();
  const { cases } = vectors("timeline");
  await pick("conversation", file("timeline.json", readFileSync(vectorPath("timeline"))));
  await view.getByLabel("Case").selectOption(String(cases.length - 1));
  await view.locator("section.room").first().waitFor();
  await clean();
});

test("policy: findings played, matrix, graph, questions", async () => {
  await tab("Policy");
  await page.getByRole("button", { name: "Try an example" }).click();
  const view = panel("policy");
  const player = view.getByRole("group", { name: "Steps to lock-out" }).first();
  await player.waitFor();
  const start = await player.locator(".lanes").textContent();
  await player.getByRole("button", { name: "Next" }).click();
  await player.getByText("Step 1 of").waitFor();
  assert.notEqual(await player.locator(".lanes").textContent(), start);
  await view.getByRole("columnheader", { name: "super_admin" }).waitFor();
  await view.getByRole("rowheader", { name: "canAddParticipant" }).waitFor();
  assert.ok((await view.locator("svg .arc").count()) > 3);
  await view.getByLabel("Do what").fill("role");
  await view.locator(".answers .mark").first().waitFor();
  await view.getByRole("combobox", { name: "User" }).fill("mimi://c.example/u/carol");
  await page.keyboard.press("Tab");
  await view.getByText("has role 2").waitFor();
  await view.locator(".answers .mark.error").first().waitFor();
  assert.match(await view.locator(".answers").textContent(), /because/);
  await picture("policy", { fullPage: true });
  await accessible();
  await page.getByRole("button", { name: "Dark or light" }).click();
  await picture("policy-dark");
  await accessible();
  await clean();
});

test("policy: a vector file and its cases", async () => {
  await tab("Policy");
  const { cases } = vectors("policy");
  await pick("policy", file("policy.json", readFileSync(vectorPath("policy"))));
  const choice = panel("policy").getByLabel("Case");
  await choice.waitFor({ timeout: 120_000 });
  assert.equal(await choice.locator("option").count(), cases.length);
  const refused = cases.findIndex((each) => each.expect.allow === false);
  await choice.selectOption(String(refused));
  await panel("policy").locator(".decision > p .mark.error").waitFor();
  await clean();
});

test("compare: two messages, and two policies", async () => {
  await tab("Compare");
  const [a, b] = vectors("content").cases.filter((each) => each.valid !== false && each.value);
  await paste("compare", "A", a.encoded);
  await paste("compare", "B", b.encoded);
  await panel("compare").getByRole("rowheader", { name: "MimiContent.salt" }).waitFor();
  await picture("compare", { fullPage: true });
  await accessible();
  await paste("compare", "A", '{"roles": "strict"}');
  await paste("compare", "B", '{"roles": "moderated"}');
  await panel("compare").getByRole("heading", { name: "of policy" }).waitFor();
  await clean();
});

test("verify: vector files that hold and that fail", async () => {
  await tab("Verify");
  const broken = vectors("message-status");
  broken.cases[0].encoded = broken.cases[1].encoded;
  await pick(
    "verify",
    file("broken.json", JSON.stringify(broken)),
    file("content.json", readFileSync(vectorPath("content"))),
    file("timeline.json", readFileSync(vectorPath("timeline"))),
    file("nothing.json", "nothing"),
  );
  await panel("verify").getByText("4 files checked", { exact: true }).waitFor({ timeout: 120_000 });
  const marks = await panel("verify").locator(".report > p .mark").allTextContents();
  assert.deepEqual(marks, ["fails", "holds", "holds", "fails"]);
  await picture("verify", { fullPage: true });
  await accessible();
  await clean();
});

/** A valid message with this text. */
function message(contentType, text) {
  const content = Buffer.from(text);
  const length = Buffer.from([0x59, content.length >> 8, content.length & 255]);
  const type = Buffer.from(contentType);
  const head = [Buffer.from("8750", "hex"), Buffer.alloc(16, 7), Buffer.from("f640f6f6a08501600178", "hex")];
  return Buffer.concat([...head, Buffer.from([type.length]), type, length, content]).toString("hex");
}

const HOSTILE = [
  "<script>alert(1)</script><img src=x onerror=alert(2)>",
  "<svg onload=alert(3)>",
  "[x](javascript:alert(4)) ![y](https://evil.example/pixel)",
  "abc\u202Etxt.exe\u2066\u200B",
  "a text that is long enough for its length to take two bytes ".repeat(5),
].join("\n\n");

test("hostile input is shown, and never run", async () => {
  for (const type of ["text/markdown;variant=GFM-MIMI", "text/plain;charset=utf-8"]) {
    await paste("bytes", "Bytes", message(type, HOSTILE));
    await panel("bytes").getByRole("cell", { name: type, exact: true }).waitFor();
    const shown = await panel("bytes").locator(".message .bubble").textContent();
    assert.match(shown, /<script>alert\(1\)<\/script>/);
    assert.doesNotMatch(shown, /[\u202E\u2066]/);
    if (type.startsWith("text/markdown")) assert.match(shown, /U\+202E/);
  }
  await picture("hostile", { fullPage: true });

  await tab("Conversation");
  const line = {
    room_uri: "mimi://a.example/r/<b>",
    sender_uri: "mimi://a.example/u/<img src=x onerror=alert(5)>",
    accepted_timestamp: 1,
    encoded: message("text/markdown;variant=GFM-MIMI", HOSTILE),
  };
  await paste("conversation", "Messages", `${JSON.stringify(line)}\n<script>alert(6)</script>`);
  await panel("conversation").locator("li.bubble").waitFor();

  await tab("Policy");
  const name = "</text><script>alert(7)</script>\u202E";
  const role = { index: 2, name, description: name, capabilities: ["canAddParticipant"], changes: [[0, [2]]] };
  await paste("policy", "Policy", JSON.stringify({ roles: [role] }));
  await panel("policy").locator("svg.graph").waitFor();

  await tab("Verify");
  await pick("verify", file("<img src=x onerror=alert(8)>.json", '{"kind": "<script>alert(9)</script>"}'));
  await panel("verify").getByText("1 file checked", { exact: true }).waitFor();

  // The page's own two scripts, and nothing that loads or leads anywhere.
  const made = await page.evaluate(() => [
    document.scripts.length,
    document.querySelectorAll("img, iframe, object, embed, a[href]").length,
  ]);
  assert.deepEqual(made, [2, 0]);
  await clean();
});

test("the page refuses markup from text, and connections", async () => {
  const outcome = await page.evaluate(async () => {
    const tried = {};
    try {
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 1'>");
      tried.markup = "made";
    } catch (error) {
      tried.markup = error.name;
    }
    const fetched = await fetch("/").then(
      () => "fetched",
      (error) => error.name,
    );
    return { ...tried, fetched, ran: window.ran ?? 0 };
  });
  assert.deepEqual(outcome, { markup: "TypeError", fetched: "TypeError", ran: 0 });
});

test("the page works from disk", async () => {
  await page.goto(new URL("../dist/index.html", import.meta.url).href);
  await page.getByRole("button", { name: "Try an example" }).click();
  await panel("bytes").getByText("accepted", { exact: true }).waitFor();
  assert.deepEqual(problems, []);
});

test("10 MB of input does not freeze the page", async () => {
  // A participant list: hundreds of thousands of fields.
  const user = Buffer.from("mimi://example.com/u/a-user-with-a-name");
  const entry = Buffer.concat([Buffer.from([user.length]), user, Buffer.from("00000002", "hex")]);
  const count = Math.ceil((10 * 1024 * 1024) / entry.length);
  const list = Buffer.concat(Array.from({ length: count }, () => entry));
  const head = Buffer.alloc(4);
  head.writeUInt32BE((0x8000_0000 | list.length) >>> 0);
  const view = panel("bytes");
  await view.getByLabel("Type", { exact: true }).fill("ParticipantListData");
  await pick("bytes", file("list.bin", Buffer.concat([head, list])));
  // The page answers while the worker works, and says that it does.
  const busy = view.locator("[aria-busy=true]");
  await busy.waitFor({ state: "attached" });
  let answered = 0;
  while ((await busy.count()) > 0) {
    await tab("Policy");
    assert.ok(await panel("policy").isVisible());
    await tab("Bytes");
    answered += 1;
  }
  assert.ok(answered > 0);
  await view.locator(".verdict", { hasText: `${(head.length + list.length).toLocaleString("en")} bytes` }).waitFor();
  assert.ok((await page.locator("*").count()) < 5000, "more is there than what is in sight");
  const tree = page.getByRole("tree");
  await tree.focus();
  await page.keyboard.press("End");
  await page.waitForFunction(
    (count) => Number(document.querySelector(".field.selected")?.dataset.at) > count,
    count,
  );
  await page.locator(".field.selected .name", { hasText: "role_index" }).waitFor();
  await picture("large");
  await clean();
});
