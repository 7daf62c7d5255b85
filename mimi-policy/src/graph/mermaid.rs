//! Mermaid.

use alloc::format;
use alloc::string::String;

use super::diagram::Diagram;

pub(super) fn render(diagram: &Diagram) -> String {
    let mut out = String::from("flowchart LR\n");
    for role in diagram.boxes() {
        let mut label = format!("<b>{}</b>", escaped(&role.title));
        for line in &role.lines {
            label.push_str("<br/>");
            label.push_str(&escaped(line));
        }
        out.push_str(&format!("  r{}[\"{label}\"]\n", role.index));
    }
    for arrow in &diagram.arrows {
        out.push_str(&format!("  r{} -- \"{}\" --> r{}\n", arrow.from, escaped(&arrow.label), arrow.to));
    }
    out
}

/// Every character that could end a label, or begin markup or an entity, as a number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ',' | ':' | '…') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}
