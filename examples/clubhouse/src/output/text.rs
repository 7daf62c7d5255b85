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
    for event in events {
        // Writing to a String can't fail.
        let _ = render_event(&mut text, event, style);
    }
    text
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
        Hop::Local => format!("[[ {} ]]", body.path),
        Hop::Request => body.path.clone(),
        Hop::Response => "200 OK".to_owned(),
    };
    let size = format!("{} octets", body.octets.len());
    let what = format!("{path} {}", style.paint("33", body.type_name));
    writeln!(text, "  {left:>10} {} {right:<10} {what}, {size}", style.paint("1", arrow))
}

fn decided(text: &mut String, verdict: &Verdict, style: Style) -> std::fmt::Result {
    let (mark, colour) = if verdict.accepted { ("✓", "32") } else { ("✗", "31") };
    let code = verdict.code.as_deref().unwrap_or(if verdict.accepted { "accepts" } else { "refuses" });
    let heading = format!("{mark} {}: {code}", verdict.by);
    write!(text, "      {}", style.paint(colour, &heading))?;
    match verdict.why.as_slice() {
        [] => writeln!(text),
        [why] if heading.len().saturating_add(why.len()) < WIDTH.saturating_sub(12) => {
            writeln!(text, " — {why}")
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
