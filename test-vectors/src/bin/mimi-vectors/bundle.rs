//! `mimi-vectors bundle`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::{Compression, GzBuilder};
use mimi_test_vectors::{SCHEMAS, SHIPPED};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::output::Overwriting;

/// Write all vectors, schemas, notes and a manifest with hashes as one archive: always the same bytes
#[derive(Args)]
pub(crate) struct Arguments {
    /// The archive: .tar, .tar.gz or .tgz
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
    let Some(packing) = Packing::of(&arguments.out) else {
        let path = arguments.out.display();
        return Ok(Outcome::WrongUsage(format!("{path}: the name of an archive ends in .tar, .tar.gz or .tgz")));
    };
    let files = files()?;
    let archive = packing.pack(tar(&files)?)?;
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

#[derive(Clone, Copy)]
enum Packing {
    Plain,
    Gzip,
}

impl Packing {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if name.ends_with(".tar") {
            Some(Self::Plain)
        } else if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
            Some(Self::Gzip)
        } else {
            None
        }
    }

    fn pack(self, tar: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(tar),
            Self::Gzip => {
                // Neither a time nor an operating system is in the header.
                let mut gzip =
                    GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
                gzip.write_all(&tar)?;
                gzip.finish()
            }
        }
    }
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

/// The archive: no times, owners or permissions of this machine.
fn tar(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.mode(tar::HeaderMode::Deterministic);
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, format!("{ROOT}/{path}"), content.as_slice())?;
    }
    archive.into_inner()
}
