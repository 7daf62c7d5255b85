//! Whether output is coloured.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::{env, io};

use clap::ValueEnum;

/// When standard output is coloured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// At a terminal, unless the variable NO_COLOR is set or TERM is dumb
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    pub(crate) fn wanted(self) -> bool {
        self.decide(
            io::stdout().is_terminal(),
            env::var_os("NO_COLOR").as_deref(),
            env::var_os("TERM").as_deref(),
        )
    }

    fn decide(self, terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                // An empty NO_COLOR counts as unset.
                let allowed = no_color.is_none_or(OsStr::is_empty);
                terminal && allowed && term.is_none_or(|term| term != "dumb")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_a_dumb_terminal_turn_colour_off_and_an_option_overrides_both() {
        let set = |text: &'static str| Some(OsStr::new(text));
        for (choice, terminal, no_color, term, wanted) in [
            (Colour::Auto, true, None, set("xterm"), true),
            (Colour::Auto, true, set(""), None, true),
            (Colour::Auto, true, set("1"), set("xterm"), false),
            (Colour::Auto, true, None, set("dumb"), false),
            (Colour::Auto, false, None, set("xterm"), false),
            (Colour::Always, false, set("1"), set("dumb"), true),
            (Colour::Never, true, None, set("xterm"), false),
        ] {
            assert_eq!(choice.decide(terminal, no_color, term), wanted);
        }
    }
}
