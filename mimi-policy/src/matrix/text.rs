//! The table for people: aligned text, and Markdown.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::room_policy::CapabilityType;

use super::{Column, Matrix};

const MIN_WIDTH: usize = 48;
/// Where the first column of a table begins, as wide as the longest name of the registry and its
/// indent.
const NAMES: usize = 34;

pub(super) fn plain(matrix: &Matrix, width: usize) -> String {
    let width = width.max(MIN_WIDTH);
    let mut out = String::new();
    for role in matrix.columns() {
        let head = format!("{:>3} {}", role.index, printable(&role.name));
        out.push_str(&cut(&head, width));
        out.push('\n');
        for line in about(role) {
            wrapped(&line, width, &mut out);
        }
    }
    let indexes: Vec<String> = matrix.columns().iter().map(|role| role.index.to_string()).collect();
    let cell = indexes.iter().map(String::len).max().unwrap_or_default().saturating_add(2);
    let fit = width.saturating_sub(NAMES).checked_div(cell).unwrap_or_default().max(1);
    for (block, heads) in indexes.chunks(fit).enumerate() {
        let skipped = block.saturating_mul(fit);
        for group in matrix.groups() {
            out.push('\n');
            line(group.name, heads.iter().map(String::as_str), cell, &mut out);
            for row in &group.rows {
                let marks = row.held.iter().skip(skipped).take(heads.len());
                let name = format!("  {}", named(row.capability));
                line(&name, marks.map(|held| if *held { "x" } else { "." }), cell, &mut out);
            }
        }
    }
    out
}

pub(super) fn markdown(matrix: &Matrix) -> String {
    let mut out = String::from("| role | name | participants | active | may move |\n|-|-|-|-|-|\n");
    for role in matrix.columns() {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            role.index,
            markdown_text(&role.name),
            range(role.participants),
            range(role.active),
            moves(role)
        ));
    }
    for group in matrix.groups() {
        let heads: Vec<String> = matrix.columns().iter().map(|role| role.index.to_string()).collect();
        out.push_str(&format!(
            "\n| {} | {} |\n|-|{}\n",
            group.name,
            heads.join(" | "),
            "-|".repeat(heads.len())
        ));
        for row in &group.rows {
            let marks: Vec<&str> = row.held.iter().map(|held| if *held { "x" } else { "" }).collect();
            out.push_str(&format!("| {} | {} |\n", named(row.capability), marks.join(" | ")));
        }
    }
    out
}

/// A name and its cells, aligned.
fn line<'a>(name: &str, cells: impl Iterator<Item = &'a str>, cell: usize, out: &mut String) {
    let mut text = format!("{name:NAMES$}");
    for mark in cells {
        text.push_str(&format!("{mark:>cell$}"));
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

/// The limits that a role has, and its moves.
fn about(role: &Column) -> Vec<String> {
    let mut lines = Vec::new();
    let mut limits = Vec::new();
    for (what, limit) in [("participants", role.participants), ("active", role.active)] {
        if limit != (0, None) {
            limits.push(format!("{what} {}", range(limit)));
        }
    }
    if !limits.is_empty() {
        lines.push(limits.join(", "));
    }
    if !role.changes.is_empty() {
        lines.push(format!("moves {}", moves(role)));
    }
    lines
}

fn moves(role: &Column) -> String {
    let entry = |(from, targets): &(u32, Vec<u32>)| {
        let targets: Vec<String> = targets.iter().map(u32::to_string).collect();
        format!("{from}→{}", targets.join(","))
    };
    role.changes.iter().map(entry).collect::<Vec<_>>().join(" ")
}

fn range((minimum, maximum): (u32, Option<u32>)) -> String {
    match maximum {
        None if minimum == 0 => "any".to_string(),
        None => format!("at least {minimum}"),
        Some(maximum) => format!("{minimum} to {maximum}"),
    }
}

fn named(capability: CapabilityType) -> String {
    let reserved = if capability.is_reserved() { "*" } else { "" };
    format!("{capability}{reserved}")
}

/// Breaks at spaces, indented.
fn wrapped(text: &str, width: usize, out: &mut String) {
    const INDENT: &str = "      ";
    let mut line = String::from(INDENT);
    for word in text.split(' ') {
        let needed = line.chars().count().saturating_add(word.chars().count()).saturating_add(1);
        if needed > width && line.len() > INDENT.len() {
            out.push_str(line.trim_end());
            out.push('\n');
            line = String::from(INDENT);
        }
        line.push_str(word);
        line.push(' ');
    }
    out.push_str(&cut(line.trim_end(), width));
    out.push('\n');
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A name of which no character moves a terminal's cursor.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn markdown_text(name: &str) -> String {
    let mut out = String::new();
    for c in printable(name).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
