// Where input comes from: a text to paste into, and files.
import { call } from "./client.js";
import { NotDiagnostic, bytesOfDiagnostic } from "./diagnostic.js";
import { button, freshId, h, replace, shown } from "./dom.js";

/** Texts that are longer are named in the field, and not shown in it. */
const MOST_SHOWN = 200_000;

const looksDiagnostic = (text: string) => /^\s*[[{]|^\s*\d+\(|^\s*h'/.test(text);

/** Bytes of hex, base64 or CBOR diagnostic notation. */
async function bytesOf(text: string): Promise<Uint8Array> {
  if (!looksDiagnostic(text)) return call("bytesOfText", text);
  try {
    return bytesOfDiagnostic(text);
  } catch (error) {
    if (error instanceof NotDiagnostic || error instanceof RangeError) throw new Error(`CBOR diagnostic notation: ${error.message}`);
    throw error;
  }
}

export interface Source {
  element: HTMLElement;
  isEmpty(): boolean;
  /** The bytes that are there. */
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  setText(text: string): void;
  setBytes(name: string, bytes: Uint8Array): void;
}

/** A field for text and files. `changed` is called when a file is there, or the text was changed. */
export function source(label: string, hint: string, kind: "bytes" | "text", changed: () => void): Source {
  const area = h("textarea", { rows: 5, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
  const id = freshId("source");
  const hintId = freshId("hint");
  area.id = id;
  area.setAttribute("aria-describedby", hintId);
  const picker = h("input", { type: "file", class: "visually-hidden", tabindex: -1, "aria-label": `${label}: a file` });
  const held = h("p", { class: "held" });
  let file: { name: string; bytes: Uint8Array } | null = null;

  const setBytes = (name: string, bytes: Uint8Array) => {
    file = { name, bytes };
    area.value = "";
    replace(held, shown(name), `, ${bytes.length.toLocaleString("en")} bytes `, button("Remove", () => clear(), { class: "quiet" }));
    changed();
  };
  const clear = () => {
    file = null;
    area.value = "";
    replace(held);
    changed();
  };
  const read = async (picked: File | undefined) => {
    if (picked) setBytes(picked.name, new Uint8Array(await picked.arrayBuffer()));
  };
  const setText = (text: string) => {
    if (text.length > MOST_SHOWN) {
      setBytes("pasted text", new TextEncoder().encode(text));
      isText = true;
      return;
    }
    file = null;
    isText = false;
    replace(held);
    area.value = text;
    changed();
  };
  // A long text that was pasted is kept as a file is, and still a text.
  let isText = false;

  area.addEventListener("input", () => {
    file = null;
    isText = false;
    replace(held);
    changed();
  });
  area.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length > MOST_SHOWN) {
      event.preventDefault();
      setText(text);
    }
  });
  picker.addEventListener("change", () => {
    isText = false;
    void read(picker.files?.[0]);
    picker.value = "";
  });
  const element = h(
    "div",
    { class: "source" },
    h("label", { for: id }, label),
    area,
    h("div", { class: "below" }, button("Choose a file", () => picker.click()), picker, h("span", { id: hintId, class: "hint" }, hint)),
    held,
  );
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", () => element.classList.remove("dropping"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("dropping");
    isText = false;
    void read(event.dataTransfer?.files[0]);
  });

  const text = async () => (file ? new TextDecoder().decode(file.bytes) : area.value);
  return {
    element,
    isEmpty: () => file === null && area.value.trim() === "",
    setText,
    setBytes,
    text,
    async bytes() {
      if (kind === "bytes" && file && !isText) {
        // A file of hex or base64 is text; of anything else, the bytes themselves.
        const start = file.bytes.subarray(0, 4096);
        const printable = start.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
        if (!printable || file.bytes.length === 0) return file.bytes;
        try {
          return await bytesOf(new TextDecoder().decode(file.bytes));
        } catch {
          return file.bytes;
        }
      }
      return bytesOf(await text());
    },
  };
}
