//! For people, in a hundred columns.

use std::fmt::Write;

use crate::narrator::{Body, Event, Hop, Verdict};

/// How text is set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With the colours of a terminal.
    Coloured,
    /// As it is.
    Plain,
}

const WIDTH: usize = 100;

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// The events as text.
#[must_use]
pub fn render(events: &[Event], style: Style) -> String {
    let mut text = String::new();
    let mut rest = events;
    // Writing to a String cannot fail.
    while let [event, after @ ..] = rest {
        rest = match (event, after) {
            // A delivery and what came of it are one line.
            (Event::Sent(body), [Event::Decided(verdict), after @ ..])
                if body.hop == Hop::Local && body.to == verdict.by =>
            {
                let _ = delivered(&mut text, body, verdict, style);
                after
            }
            _ => {
                let _ = render_event(&mut text, event, style);
                after
            }
        };
    }
    text
}

fn delivered(text: &mut String, body: &Body, verdict: &Verdict, style: Style) -> std::fmt::Result {
    let (mark, colour) = mark(verdict);
    let (from, to, why) = (&body.from, &body.to, verdict.why.join("; "));
    let line = format!("{from:>10} {} {to:<10} {mark} {why}", style.paint("1", "··▶"));
    if line.chars().count() <= WIDTH {
        let verdict = style.paint(colour, &format!("{mark} {why}"));
        return writeln!(text, "  {from:>10} {} {to:<10} {verdict}", style.paint("1", "··▶"));
    }
    writeln!(text, "  {from:>10} {} {to:<10} {}", style.paint("1", "··▶"), style.paint(colour, mark))?;
    paragraph(text, "        - ", &why, str::to_owned)
}

fn mark(verdict: &Verdict) -> (&'static str, &'static str) {
    if verdict.accepted { ("✓", "32") } else { ("✗", "31") }
}

fn render_event(text: &mut String, event: &Event, style: Style) -> std::fmt::Result {
    match event {
        Event::Act { number, title } => {
            let heading = format!("Act {number}. {title}");
            let rule = "═".repeat(heading.chars().count());
            writeln!(text, "\n{}\n{}", style.paint("1", &heading), style.paint("1", &rule))
        }
        Event::Scene(scene) => {
            writeln!(text)?;
            paragraph(text, "", scene, |line| style.paint("1;36", line))
        }
        Event::Note(note) => paragraph(text, "  ", note, |line| style.paint("3", line)),
        Event::Sent(body) => sent(text, body, style),
        Event::Saw { who, what } => {
            paragraph(text, "      ", &format!("{who} sees {what}"), |line| style.paint("2", line))
        }
        Event::Decided(verdict) => decided(text, verdict, style),
    }
}

/// A path that fits behind the arrow, which takes 28 columns, beside `more` others.
fn shortened(path: &str, more: usize) -> String {
    let room = WIDTH.saturating_sub(28).saturating_sub(more);
    if path.chars().count() <= room {
        return path.to_owned();
    }
    path.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn sent(text: &mut String, body: &Body, style: Style) -> std::fmt::Result {
    let arrow = match body.hop {
        Hop::Request => "──▶",
        Hop::Response => "◀──",
        Hop::Local => "··▶",
    };
    let (left, right) = match body.hop {
        Hop::Response => (&body.to, &body.from),
        Hop::Request | Hop::Local => (&body.from, &body.to),
    };
    let path = match body.hop {
        Hop::Local => format!("[[ {} ]]", shortened(&body.path, 6)),
        Hop::Request => shortened(&body.path, 0),
        Hop::Response => "200 OK".to_owned(),
    };
    let size = body.bytes.len();
    let length =
        path.chars().count().saturating_add(body.type_name.len()).saturating_add(size.to_string().len());
    let what = style.paint("33", body.type_name);
    // The arrow takes 28 columns, what is between and behind another 10.
    let apart = if length.saturating_add(38) > WIDTH { "\n                            " } else { " " };
    writeln!(text, "  {left:>10} {} {right:<10} {path}{apart}{what}, {size} bytes", style.paint("1", arrow))
}

fn decided(text: &mut String, verdict: &Verdict, style: Style) -> std::fmt::Result {
    let (mark, colour) = mark(verdict);
    let code = verdict.code.as_deref().unwrap_or(if verdict.accepted { "accepts" } else { "refuses" });
    let heading = format!("{mark} {}: {code}", verdict.by);
    write!(text, "      {}", style.paint(colour, &heading))?;
    match verdict.why.as_slice() {
        [] => writeln!(text),
        all if heading.chars().count().saturating_add(all.join("; ").chars().count())
            < WIDTH.saturating_sub(9) =>
        {
            writeln!(text, " — {}", all.join("; "))
        }
        all => {
            writeln!(text)?;
            all.iter().try_for_each(|why| paragraph(text, "        - ", why, str::to_owned))
        }
    }
}

/// Breaks a text between words; what follows the first line stands below its beginning.
fn paragraph(
    text: &mut String,
    indent: &str,
    content: &str,
    paint: impl Fn(&str) -> String,
) -> std::fmt::Result {
    let room = WIDTH.saturating_sub(indent.chars().count());
    let (mut line, mut prefix) = (String::new(), indent.to_owned());
    for word in content.split_whitespace() {
        let length = line.chars().count().saturating_add(word.chars().count()).saturating_add(1);
        if !line.is_empty() && length > room {
            writeln!(text, "{prefix}{}", paint(&line))?;
            prefix = " ".repeat(indent.chars().count());
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(text, "{prefix}{}", paint(&line))
}
