//! Files that commands write. Nothing that is there is overwritten unless `--force` says so.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::{Outcome, complain};

/// Whether files may be overwritten.
#[derive(Args)]
pub(crate) struct Overwriting {
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

impl Overwriting {
    /// Writes all of the files, and makes their directories, or writes none of them because one is
    /// there with other content. A file that is the same already is left alone.
    pub(crate) fn write(&self, files: &[(PathBuf, Vec<u8>)]) -> Result<(), Outcome> {
        for (path, content) in files {
            if !self.force && path.exists() && !has(path, content) {
                let path = path.display();
                return Err(Outcome::WrongUsage(format!("{path} exists; --force overwrites it")));
            }
        }
        for (path, content) in files {
            if let Err(error) = self.write_one(path, content) {
                complain(&format!("{}: {error}", path.display()));
                return Err(Outcome::Fails);
            }
        }
        Ok(())
    }

    fn write_one(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        if has(path, content) {
            return Ok(());
        }
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        if self.force {
            return fs::write(path, content);
        }
        // A file that appeared since it was looked for is not overwritten either.
        fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content)
    }
}

fn has(path: &Path, content: &[u8]) -> bool {
    fs::read(path).is_ok_and(|found| found == content)
}
