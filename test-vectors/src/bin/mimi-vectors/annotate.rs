//! `mimi-vectors inspect --annotate` and `--html`: bytes beside the fields that they belong to.

use std::io::{self, Write};

use mimi_test_vectors::{AnnotatedRun, Annotation, RunRole};

use crate::part_tree::visible;

/// Bytes on a line.
const COLUMNS: usize = 8;
/// Characters of a caption that are shown.
const CAPTION: usize = 120;

/// Colours of fields in turn; red is for what is refused.
const COLOURS: [&str; 5] = ["\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m"];
const FRAMING: &str = "\x1b[2m";
const REFUSED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

/// Prints offset, bytes, text and field; a field of many bytes has several lines.
pub(crate) fn print(
    annotation: &Annotation,
    encoded: &[u8],
    coloured: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut fields = 0_usize;
    for run in &annotation.runs {
        let (on, off) = match (coloured, run.role) {
            (false, _) => ("", ""),
            (true, RunRole::Unread) => (REFUSED, RESET),
            (true, RunRole::Field) if run.start < run.end => {
                fields = fields.wrapping_add(1);
                let colour = COLOURS.get(fields.checked_rem(COLOURS.len()).unwrap_or_default());
                (colour.copied().unwrap_or_default(), RESET)
            }
            (true, _) => (FRAMING, RESET),
        };
        let caption = caption(annotation, run);
        let bytes = run.bytes(encoded);
        let mut lines = bytes.chunks(COLUMNS);
        let first = lines.next().unwrap_or_default();
        print_line(run.start, first, &caption, (on, off), out)?;
        for (line, bytes) in (1_usize..).zip(lines) {
            let offset = run.start.saturating_add(line.saturating_mul(COLUMNS));
            print_line(offset, bytes, "", (on, off), out)?;
        }
    }
    Ok(())
}

fn print_line(
    offset: usize,
    bytes: &[u8],
    caption: &str,
    (on, off): (&str, &str),
    out: &mut dyn Write,
) -> io::Result<()> {
    let offset = if bytes.is_empty() { String::new() } else { format!("{offset:08x}") };
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let line =
        format!("{offset:8}  {on}{:23}{off}  {on}{:8}{off}  {on}{caption}{off}", hex.join(" "), ascii(bytes));
    writeln!(out, "{}", if on.is_empty() { line.trim_end() } else { &line })
}

/// The bytes as text, with a dot for what is not printable.
fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect()
}

/// A field's name and value, indented by its depth.
fn caption(annotation: &Annotation, run: &AnnotatedRun) -> String {
    let indent = "  ".repeat(run.depth);
    let text = match &annotation.refused {
        Some(refusal) if run.role == RunRole::Unread => {
            format!("refused: {}: {}", refusal.field, refusal.reason)
        }
        _ => run.caption(),
    };
    format!("{indent}{}", visible(&text, CAPTION))
}

/// The style of the page. Its hash is in the page's policy, which allows nothing else.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em}\
h1{font-size:1.3em}\
table{border-collapse:collapse}\
th{position:sticky;top:0;text-align:left;background:Canvas;padding:.2em .8em}\
td{vertical-align:top;padding:.1em .8em}\
td.o,td.b,td.t{font-family:ui-monospace,monospace;white-space:pre}\
td.o{opacity:.6}\
td.v{font-family:ui-monospace,monospace;overflow-wrap:anywhere;max-width:50em}\
tr:hover{outline:2px solid Highlight}\
tr.c0{background:#36c3}tr.c1{background:#3963}tr.c2{background:#c933}tr.c3{background:#93c3}tr.c4{background:#3993}\
tr.f td{opacity:.7}\
tr.r{background:#c003}\
.refused{color:#c00;font-weight:bold}\
";

/// SHA-256 of the style in base64; a test computes it.
const STYLE_HASH: &str = "ey0PVLVfWyH2CZmxwkx11H9uomvPhc6hPUHdoMD9b4w=";

/// Writes the same as one page that loads nothing and runs nothing.
pub(crate) fn print_page(
    type_name: &str,
    annotation: &Annotation,
    encoded: &[u8],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{name}, {length} bytes</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{name}, {length} bytes</h1>",
        name = escape(type_name),
        length = encoded.len(),
    )?;
    if let Some(refusal) = &annotation.refused {
        writeln!(
            out,
            "<p class=\"refused\">refused: {}</p>",
            escape(&visible(&refusal.to_string(), usize::MAX))
        )?;
    }
    writeln!(
        out,
        "<table>\n<thead><tr><th>byte</th><th>bytes</th><th>text</th><th>field</th><th>value</th></tr></thead>\n<tbody>"
    )?;
    let mut fields = 0_usize;
    for run in &annotation.runs {
        print_row(run, encoded, &mut fields, out)?;
    }
    writeln!(out, "</tbody>\n</table>\n</body>\n</html>")
}

fn print_row(run: &AnnotatedRun, encoded: &[u8], fields: &mut usize, out: &mut dyn Write) -> io::Result<()> {
    let class = match run.role {
        RunRole::Unread => String::from("r"),
        RunRole::Field if run.start < run.end => {
            *fields = fields.wrapping_add(1);
            format!("c{}", fields.checked_rem(COLOURS.len()).unwrap_or_default())
        }
        _ => String::from("f"),
    };
    let bytes = run.bytes(encoded);
    let lines = |show: &dyn Fn(&[u8]) -> String| {
        let lines: Vec<_> = bytes.chunks(COLUMNS.saturating_mul(2)).map(show).collect();
        lines.join("\n")
    };
    let hex = lines(&|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
    let text = lines(&|line| ascii(line));
    let name = match run.role {
        RunRole::Field => run.name.clone(),
        _ => run.caption(),
    };
    let indent = "\u{a0}\u{a0}".repeat(run.depth);
    let value = run.value.as_deref().unwrap_or_default();
    writeln!(
        out,
        "<tr class=\"{class}\"><td class=\"o\">{}</td><td class=\"b\">{hex}</td><td class=\"t\">{}</td>\
         <td title=\"{}\">{indent}{}</td><td class=\"v\">{}</td></tr>",
        if bytes.is_empty() { String::new() } else { run.start.to_string() },
        escape(&text),
        escape(&visible(&run.path, usize::MAX)),
        escape(&visible(&name, usize::MAX)),
        escape(&visible(value, usize::MAX)),
    )
}

/// Text as HTML has it, also in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
