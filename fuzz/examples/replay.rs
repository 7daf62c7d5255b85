//! Runs targets on what is in files, without a fuzzer: `cargo run --example replay TARGET FILE…`,
//! or a folder in the place of files; without arguments every target on its corpus in
//! `corpus/TARGET`. `coverage-report` measures what that reaches.

use std::path::{Path, PathBuf};
use std::{fs, io};

use mimi_fuzz::TARGETS;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(name) = arguments.next() else {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        return TARGETS.iter().try_for_each(|(name, run)| replay(name, *run, &corpus.join(name)));
    };
    let Some((name, run)) = TARGETS.iter().find(|(known, _)| name == *known) else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no such target"));
    };
    arguments.map(PathBuf::from).try_for_each(|path| replay(name, *run, &path))
}

fn replay(name: &str, run: fn(&[u8]), path: &Path) -> io::Result<()> {
    if path.is_file() {
        run(&fs::read(path)?);
        return Ok(());
    }
    let mut count = 0_usize;
    for entry in fs::read_dir(path)? {
        run(&fs::read(entry?.path())?);
        count += 1;
    }
    println!("{name}: {count} inputs");
    Ok(())
}
