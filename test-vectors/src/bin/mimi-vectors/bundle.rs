//! `mimi-vectors bundle`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use mimi_test_vectors::{SCHEMAS, SHIPPED};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::output::Overwriting;

/// Write all vectors, schemas, notes and a manifest with hashes as one archive: always the same
/// bytes
#[derive(Args)]
pub(crate) struct Arguments {
    /// The archive, a .tar
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    overwriting: Overwriting,
}

/// The directory in the archive.
const ROOT: &str = concat!("mimi-test-vectors-", env!("CARGO_PKG_VERSION"));

const README: &str = include_str!("../../../README.md");
const LICENSES: [(&str, &str); 2] = [
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
];

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    if arguments.out.extension().is_none_or(|extension| extension != "tar") {
        let path = arguments.out.display();
        return Ok(Outcome::WrongUsage(format!("{path}: the name of the archive ends in .tar")));
    }
    let files = files()?;
    let archive = tar(&files)?;
    let hash = hex::encode(Sha256::digest(&archive));
    let bytes = archive.len();
    if let Err(outcome) = arguments.overwriting.write(&[(arguments.out.clone(), archive)]) {
        return Ok(outcome);
    }
    let path = arguments.out.display().to_string();
    if arguments.json {
        writeln!(out, "{}", json!({"file": path, "files": files.len(), "bytes": bytes, "sha256": hash}))?;
    } else {
        writeln!(out, "{hash}  {path}")?;
    }
    Ok(Outcome::Holds)
}

/// The files of the archive, by their paths in [`ROOT`].
fn files() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![("README.md".to_owned(), README.into())];
    files.extend(LICENSES.map(|(name, text)| (name.to_owned(), text.into())));
    files.push(("notes.json".to_owned(), notes()?));
    files.extend(SCHEMAS.iter().map(|(name, text)| (format!("schema/{name}"), text.as_bytes().to_vec())));
    files.extend(SHIPPED.iter().map(|(name, text)| (format!("vectors/{name}"), text.as_bytes().to_vec())));
    let manifest = manifest(&files)?;
    files.insert(0, ("manifest.json".to_owned(), manifest));
    Ok(files)
}

/// The flags of all files, by kind.
fn notes() -> io::Result<Vec<u8>> {
    let mut kinds = Map::new();
    for (_, json) in SHIPPED {
        let file: Value = serde_json::from_str(json)?;
        if let (Some(kind), Some(notes)) = (file.get("kind").and_then(Value::as_str), file.get("notes")) {
            kinds.insert(kind.to_owned(), notes.clone());
        }
    }
    pretty(&Value::Object(kinds))
}

/// What is in the archive: sizes, hashes, and of vectors the kind and the number of cases.
fn manifest(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut entries = Vec::new();
    for (path, content) in files {
        let mut entry = Map::new();
        entry.insert("path".into(), path.as_str().into());
        entry.insert("bytes".into(), content.len().into());
        entry.insert("sha256".into(), hex::encode(Sha256::digest(content)).into());
        if path.starts_with("vectors/") {
            let file: Value = serde_json::from_slice(content)?;
            let cases = file.get("cases").and_then(Value::as_array).map_or(0, Vec::len);
            entry.insert("kind".into(), file.get("kind").cloned().unwrap_or_default());
            entry.insert("cases".into(), cases.into());
        }
        entries.push(Value::Object(entry));
    }
    pretty(&json!({"name": "mimi-test-vectors", "version": env!("CARGO_PKG_VERSION"), "files": entries}))
}

fn pretty(value: &Value) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// The size of a header, and of the blocks that a file fills.
const BLOCK: usize = 512;

/// The archive in the format ustar of POSIX: no times, owners or permissions of this machine.
fn tar(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (path, content) in files {
        archive.extend(header(&format!("{ROOT}/{path}"), content.len())?);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks end it.
    archive.resize(archive.len().saturating_add(BLOCK.saturating_mul(2)), 0);
    Ok(archive)
}

/// A regular file that everyone may read. Numbers are octal digits with a zero byte behind them.
fn header(path: &str, size: usize) -> io::Result<Vec<u8>> {
    if path.len() > 100 {
        return Err(io::Error::other(format!("{path}: too long for an archive")));
    }
    let fields = |checksum: &str| -> Vec<u8> {
        let mut header = Vec::with_capacity(BLOCK);
        let mut field = |text: &str, end: usize| {
            header.extend(text.as_bytes());
            header.resize(end, 0);
        };
        field(path, 100);
        field("0000644", 108);
        field("0000000", 116);
        field("0000000", 124);
        field(&format!("{size:011o}"), 136);
        field("00000000000", 148);
        field(checksum, 156);
        field("0", 257);
        field("ustar", 263);
        field("00", 265);
        field("", 329);
        field("0000000", 337);
        field("0000000", 345);
        field("", BLOCK);
        header
    };
    // The sum of the header's bytes, in which the checksum is eight spaces.
    let sum: u32 = fields("        ").into_iter().map(u32::from).sum();
    Ok(fields(&format!("{sum:06o}\0 ")))
}
