//! What it costs to say what a message takes, beside checking that its texts are UTF-8 and
//! searching them for `://`.
//!
//! `cargo bench -p mimi-policy --bench content` ends with the ratios. All figures of one ratio come
//! from one run.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput};
use mimi_codec::CapabilityType;
use mimi_content::{
    Disposition, ExternalPart, MimiContent, MimiContentRef, MultiPart, NestedPart, PartRef, PartSemantics,
    Salt,
};
use mimi_policy::message::{FirstLink, Requirements, first_link};

const ALICE: &str = "mimi://example.com/u/alice-smith";

fn alice() -> mimi_policy::UserUri {
    mimi_policy::UserUri::try_from(ALICE).unwrap()
}
const SENTENCE: &str = "See [what](cid:1@local.invalid) was said; and more, of the usual length (or so). ";

fn encode(body: NestedPart) -> Vec<u8> {
    MimiContent::builder(Salt::from_bytes([7; 16]), body).build().unwrap().encode()
}

fn text(media_type: &str, bytes: usize) -> Vec<u8> {
    let text: Vec<u8> = SENTENCE.bytes().cycle().take(bytes).collect();
    encode(NestedPart::single(Disposition::RENDER, "", media_type, text))
}

fn many_parts(parts: usize) -> Vec<u8> {
    let children = (1..parts).map(|number| {
        if number % 8 == 0 {
            let external = ExternalPart { content_type: "image/png".into(), ..ExternalPart::default() };
            NestedPart::external(Disposition::ATTACHMENT, "", external)
        } else {
            NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", SENTENCE)
        }
    });
    let multi = MultiPart::new(PartSemantics::ProcessAll, children.collect()).unwrap();
    encode(NestedPart::multi(Disposition::RENDER, "", multi))
}

/// Messages without a link, so that nothing ends early, and how many capabilities they take.
fn messages() -> Vec<(&'static str, Vec<u8>, usize)> {
    vec![
        ("short text", text("text/plain;charset=utf-8", 40), 1),
        ("64 KiB plain", text("text/plain;charset=utf-8", 1 << 16), 1),
        ("64 KiB Markdown", text("text/markdown;variant=GFM-MIMI", 1 << 16), 1),
        ("64 KiB HTML", text("text/html;charset=utf-8", 1 << 16), 1),
        ("1000 parts", many_parts(1000), 2),
    ]
}

/// The least that anybody would do who looks for links.
fn has_slashes(message: &MimiContentRef<'_>) -> bool {
    message.parts().iter().any(|part| match &part.part {
        PartRef::Single(single) => core::str::from_utf8(single.content).unwrap().contains("://"),
        _ => false,
    })
}

fn requirements(c: &mut Criterion) {
    let mut group = c.benchmark_group("requirements");
    for (name, encoded, needs) in messages() {
        let message = MimiContentRef::decode(&encoded).unwrap();
        let found = Requirements::of(&message, &alice(), &()).unwrap();
        assert_eq!(found.needs().len(), needs, "{name}");
        assert_eq!(found.needs()[0].capability, CapabilityType::CAN_SEND_MESSAGE);
        group.throughput(Throughput::Bytes(encoded.len() as u64));
        group.bench_function(BenchmarkId::new("requirements", name), |b| {
            b.iter(|| Requirements::of(black_box(&message), &alice(), &()).unwrap());
        });
        assert!(!has_slashes(&message), "{name}");
        group.bench_function(BenchmarkId::new("search", name), |b| {
            b.iter(|| has_slashes(black_box(&message)));
        });
    }
    group.finish();
}

/// What a careless scan would go over again and again, and ordinary text; a link stands at the end
/// of all.
const SOUPS: [(&str, &str); 4] =
    [("sentences", SENTENCE), ("open brackets", "[]("), ("open tags", "<a "), ("schemes", "a:/ /b:")];

const SIZES: [usize; 3] = [1 << 12, 1 << 16, 1 << 20];

fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth");
    for (name, soup) in SOUPS {
        for bytes in SIZES {
            let mut content: Vec<u8> = soup.bytes().cycle().take(bytes).collect();
            content.extend(b" https://a.example");
            let at = bytes + 1;
            let unknown = |_: &str| false;
            assert_eq!(first_link("text/plain", &content, unknown), Some(FirstLink::At(at)), "{name}");
            let input = bytes.to_string();
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(name, input), |b| {
                b.iter(|| first_link(black_box("text/html"), black_box(&content), unknown));
            });
        }
    }
    group.finish();
}

/// The estimates of this run.
struct Estimates {
    directory: PathBuf,
}

impl Estimates {
    /// The median time of one iteration, in nanoseconds; `None` if a filter left the bench out.
    fn nanoseconds(&self, group: &str, function: &str, input: &str) -> Option<f64> {
        let file = [group, function, input, "new", "estimates.json"]
            .iter()
            .fold(self.directory.clone(), |path, step| path.join(step));
        let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    fn print(&self) {
        println!(
            "\nTo say what a message takes, in times of a search for `://` in its texts (below 1 is faster):\n"
        );
        println!("| message | |\n|-|-|");
        for (name, ..) in messages() {
            let time = |function| self.nanoseconds("requirements", function, name);
            let ratio = match (time("requirements"), time("search")) {
                (Some(subject), Some(baseline)) => format!("{:.2}", subject / baseline),
                _ => "-".to_owned(),
            };
            println!("| {name} | {ratio} |");
        }
        println!("\nNanoseconds for each byte of HTML that is looked through:\n");
        println!("| | 4 KiB | 64 KiB | 1 MiB |\n|-|-|-|-|");
        for (name, _) in SOUPS {
            let each = SIZES.map(|bytes| {
                let time = self.nanoseconds("growth", name, &bytes.to_string());
                time.map_or("-".to_owned(), |time| format!("{:.2}", time / bytes as f64))
            });
            println!("| {name} | {} |", each.join(" | "));
        }
    }
}

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mimi-policy-content-benches");
    // What an earlier run left would mix with this one.
    drop(std::fs::remove_dir_all(&directory));
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1))
        .configure_from_args();
    requirements(&mut criterion);
    growth(&mut criterion);
    criterion.final_summary();
    Estimates { directory }.print();
}
