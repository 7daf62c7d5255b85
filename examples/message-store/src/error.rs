//! Why a store fails.

use core::fmt;

use mimi_content::timeline::RowDecodeError;

/// Why a store fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refuses or cannot read the file.
    Database(rusqlite::Error),
    /// A row is not one that this version writes.
    Row(RowDecodeError),
    /// A column holds bytes of the wrong length.
    Column(&'static str),
    /// The file belongs to another user.
    OtherUser(String),
    /// The file was written by another version of this schema.
    OtherVersion(i64),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Row(error) => write!(f, "stored row: {error}"),
            Self::Column(name) => write!(f, "column {name} has the wrong length"),
            Self::OtherUser(user) => write!(f, "the database belongs to {user}"),
            Self::OtherVersion(found) => {
                write!(f, "database of version {found}, expected {}", crate::store::VERSION)
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::Row(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<RowDecodeError> for StoreError {
    fn from(error: RowDecodeError) -> Self {
        Self::Row(error)
    }
}
