//! Graphviz.

use alloc::format;
use alloc::string::String;

use super::diagram::Diagram;

pub(super) fn render(diagram: &Diagram) -> String {
    let mut out =
        String::from("digraph roles {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for role in diagram.boxes() {
        let mut label = escaped(&role.title);
        for line in &role.lines {
            label.push_str("\\n");
            label.push_str(&escaped(line));
        }
        out.push_str(&format!("  r{} [label=\"{label}\"];\n", role.index));
    }
    for arrow in &diagram.arrows {
        out.push_str(&format!("  r{} -> r{} [label=\"{}\"];\n", arrow.from, arrow.to, escaped(&arrow.label)));
    }
    out.push_str("}\n");
    out
}

/// Inside of double quotes, a quote and a backslash mean something else.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
