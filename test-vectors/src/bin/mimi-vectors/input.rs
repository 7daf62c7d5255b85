//! What commands read. A file that does not exist is wrong usage; one that cannot be read, or does
//! not hold what the command takes, is refused.

use std::fs;
use std::io::{self, Read};

use crate::{Outcome, complain};

/// What is read, or how the command ends.
pub(crate) type Input<T> = Result<T, Outcome>;

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(file: &str) -> Input<Vec<u8>> {
    if file != "-" {
        return fs::read(file).map_err(|error| unreadable(file, &error));
    }
    let mut input = Vec::new();
    match io::stdin().lock().read_to_end(&mut input) {
        Ok(_) => Ok(input),
        Err(error) => Err(unreadable("standard input", &error)),
    }
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text(file: &str) -> Input<String> {
    String::from_utf8(bytes(file)?)
        .map_err(|error| refused(&format!("{file}: not UTF-8: {}", error.utf8_error())))
}

/// The bytes that a file holds, or spells as hex digits.
pub(crate) fn encoding(file: &str, is_hex: bool) -> Input<Vec<u8>> {
    let input = bytes(file)?;
    if !is_hex {
        return Ok(input);
    }
    let digits: Vec<_> = input.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    hex::decode(digits).map_err(|error| refused(&format!("refused: the input is not hex: {error}")))
}

/// How a command ends that cannot read a file.
pub(crate) fn unreadable(file: &str, error: &io::Error) -> Outcome {
    let why = format!("{file}: {error}");
    if error.kind() == io::ErrorKind::NotFound { Outcome::WrongUsage(why) } else { refused(&why) }
}

/// How a command ends whose input is of no use.
pub(crate) fn refused(why: &str) -> Outcome {
    complain(why);
    Outcome::Fails
}
