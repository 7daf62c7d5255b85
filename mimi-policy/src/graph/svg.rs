//! SVG. The boxes of a row stand beside each other; arrows to the right are arcs above them, arrows
//! to the left arcs below. An arc is as high as it is wide, so that no two labels meet.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::diagram::{Arrow, Diagram, RoleBox};

const BOX_WIDTH: f32 = 230.0;
const BOX_GAP: f32 = 46.0;
const LINE: f32 = 16.0;
const MARGIN: f32 = 24.0;
/// How much higher an arc is for each box that it passes.
const ARC_STEP: f32 = 34.0;

pub(super) fn render(diagram: &Diagram) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    let mut widest: f32 = 0.0;
    for row in &diagram.rows {
        let (height, width) = render_row(row, &diagram.arrows, y, &mut body);
        y += height + MARGIN;
        widest = widest.max(width);
    }
    let (width, height) = (widest + 2.0 * MARGIN, y);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0 8 4 0 8z\" fill=\"#335\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// Draws a row whose top is at `top`; gives its height and its width.
fn render_row(row: &[RoleBox], arrows: &[Arrow], top: f32, out: &mut String) -> (f32, f32) {
    let position = |index: u32| row.iter().position(|role| role.index == index);
    let arcs: Vec<(usize, usize, &Arrow)> =
        arrows.iter().filter_map(|arrow| Some((position(arrow.from)?, position(arrow.to)?, arrow))).collect();
    let reach = |forward: bool| {
        let spans = arcs.iter().filter(|(from, to, _)| (from < to) == forward);
        spans.map(|(from, to, _)| from.abs_diff(*to)).max().map_or(0.0, |span| arc_height(span) * 0.75 + LINE)
    };
    let (above, below) = (reach(true), reach(false));
    let lines = row.iter().map(|role| role.lines.len()).max().unwrap_or_default();
    let box_height = LINE * (lines as f32 + 2.0);
    let box_top = top + above;
    for (place, role) in row.iter().enumerate() {
        let x = left_of(place);
        out.push_str(&format!(
            "<rect x=\"{x:.0}\" y=\"{box_top:.0}\" width=\"{BOX_WIDTH:.0}\" height=\"{box_height:.0}\" rx=\"6\" \
             fill=\"#f4f6fb\" stroke=\"#335\"/>\n"
        ));
        let text_x = x + 10.0;
        let mut text_y = box_top + LINE + 4.0;
        out.push_str(&format!(
            "<text x=\"{text_x:.0}\" y=\"{text_y:.0}\" font-weight=\"bold\">{}</text>\n",
            escaped(&role.title)
        ));
        for line in &role.lines {
            text_y += LINE;
            out.push_str(&format!("<text x=\"{text_x:.0}\" y=\"{text_y:.0}\">{}</text>\n", escaped(line)));
        }
    }
    for (from, to, arrow) in arcs {
        let forward = from < to;
        let (edge, direction) = if forward { (box_top, -1.0) } else { (box_top + box_height, 1.0) };
        // Arcs begin in the half of a box that faces their end, the wider ones further from it.
        let span = from.abs_diff(to);
        let inset = 24.0 * (span as f32 - 1.0);
        let middle = |place: usize| left_of(place) + BOX_WIDTH / 2.0;
        let half = BOX_WIDTH / 2.0 - 14.0;
        let offset = (half - inset).max(6.0);
        let (start, end) = if forward {
            (middle(from) + offset, middle(to) - offset)
        } else {
            (middle(from) - offset, middle(to) + offset)
        };
        let apex = edge + direction * arc_height(span);
        out.push_str(&format!(
            "<path d=\"M{start:.0} {edge:.0}C{start:.0} {apex:.0} {end:.0} {apex:.0} {end:.0} {edge:.0}\" fill=\"none\" \
             stroke=\"#335\" marker-end=\"url(#tip)\"/>\n"
        ));
        // A cubic curve reaches three quarters of the way to its control points.
        let (label_x, label_y) = ((start + end) / 2.0, edge + direction * (arc_height(span) * 0.75 + 2.0));
        let label_y = if forward { label_y - 3.0 } else { label_y + 12.0 };
        out.push_str(&format!(
            "<text x=\"{label_x:.0}\" y=\"{label_y:.0}\" text-anchor=\"middle\" font-size=\"11\" fill=\"#335\" \
             stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\">{}</text>\n",
            escaped(&arrow.label)
        ));
    }
    let count = row.len() as f32;
    (above + box_height + below, count * BOX_WIDTH + (count - 1.0) * BOX_GAP)
}

fn left_of(place: usize) -> f32 {
    MARGIN + place as f32 * (BOX_WIDTH + BOX_GAP)
}

fn arc_height(span: usize) -> f32 {
    span as f32 * ARC_STEP
}

/// Text in XML, without the characters that XML doesn't have.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
