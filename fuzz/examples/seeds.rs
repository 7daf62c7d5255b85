//! Writes the seed corpus of every target: `cargo run --example seeds` makes `corpus/TARGET/…` out
//! of `../test-vectors/vectors`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    for entry in fs::read_dir(root.join("../test-vectors/vectors"))? {
        documents.push(fs::read_to_string(entry?.path())?);
    }
    let out = std::env::args_os().nth(1).map_or_else(|| root.join("corpus"), Into::into);
    for (target, seeds) in mimi_fuzz::seeds::from_vectors(documents.iter().map(String::as_str)) {
        let folder = out.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
