//! Names on the command line, with what may have been meant by one that does not exist.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Accepts one of a list of names. Unlike clap's own parser it does not print all of them with an
/// error.
#[derive(Clone)]
pub(crate) struct NameParser {
    names: Vec<&'static str>,
    /// The command that lists the names.
    listed_by: &'static str,
}

impl NameParser {
    pub(crate) fn types() -> Self {
        let names = mimi_test_vectors::types().map(|known| known.name).collect();
        Self { names, listed_by: "mimi-vectors types" }
    }
}

impl TypedValueParser for NameParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let value = value.to_string_lossy();
        if self.names.contains(&value.as_ref()) {
            return Ok(value.into_owned());
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(argument) = argument {
            error.insert(ContextKind::InvalidArg, ContextValue::String(argument.to_string()));
        }
        error.insert(ContextKind::InvalidValue, ContextValue::String(value.clone().into_owned()));
        if let Some(meant) = nearest(&value, self.names.iter().copied()) {
            error.insert(ContextKind::SuggestedValue, ContextValue::String(meant.into()));
        }
        let listed = format!("{} lists all", self.listed_by).into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![listed]));
        Err(error)
    }

    /// For completions.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(PossibleValue::new)))
    }
}

/// Names are alike from here on; clap uses the same measure and bound.
const ALIKE: f64 = 0.7;

/// The name that is most like `value`, in any case of letters; `None` if none is like it.
pub(crate) fn nearest<'n>(value: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let value = value.to_lowercase();
    let alike = |name: &str| strsim::jaro_winkler(&value, &name.to_lowercase());
    let rated = names.into_iter().map(|name| (alike(name), name)).filter(|(alike, _)| *alike > ALIKE);
    rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// The end of a message about a name that does not exist.
pub(crate) fn did_you_mean<'n>(value: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(value, names).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_in_any_case_of_letters() {
        let names = ["MimiContent", "MLSMessage", "Commit"];
        assert_eq!(nearest("mimicontent", names), Some("MimiContent"));
        assert_eq!(nearest("Comit", names), Some("Commit"));
        assert_eq!(nearest("xyz", names), None);
    }
}
