//! Folds a made-up conversation into SQLite, measures it, and looks at it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use message_store::Store;
use message_store::clock::thread_time;
use message_store::traffic::{LOCAL_USER, START_MS, Sent, Traffic};
use mimi_content::MimiContentRef;
use mimi_content::timeline::{Incoming, Timeline, TimelineMessage, sender_only};

/// Folds messages with edits, reactions and receipts into a database, and says what that cost.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many messages.
    #[arg(long, default_value_t = 100_000)]
    messages: usize,
    /// How many messages one transaction holds.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// The file, which must not exist yet; without it one that is deleted in the end.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Leaves the comparison with the timeline in memory out, which needs more memory than the
    /// database does.
    #[arg(long)]
    no_compare: bool,
}

type Failure = Box<dyn std::error::Error>;

fn received<'a>(sent: &'a Sent, content: &MimiContentRef<'a>) -> TimelineMessage<'a> {
    TimelineMessage::new(sent.message_id, &sent.sender_uri, sent.accepted_ms, content)
}

/// The most memory that the process has had so far, in KiB; Linux tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// Folds the conversation; the processor time that it took.
fn fold(store: &mut Store, messages: usize, batch: usize) -> Result<Duration, Failure> {
    let mut traffic = Traffic::new(messages);
    let mut time = Duration::ZERO;
    loop {
        // Making the messages up is not measured.
        let sent: Vec<_> = traffic.by_ref().take(batch.max(1)).collect();
        if sent.is_empty() {
            return Ok(time);
        }
        let decode_failed = |error: mimi_content::DecodeError| Failure::from(error.to_string());
        let start = thread_time();
        let mut decoded = Vec::with_capacity(sent.len());
        for sent in &sent {
            decoded.push((sent, MimiContentRef::decode(&sent.encoded).map_err(decode_failed)?));
        }
        store.batch(|store| {
            for (sent, content) in &decoded {
                let _ = store.step(Incoming::Message(received(sent, content)), Some(sent.encoded.clone()))?;
            }
            Ok(())
        })?;
        time = time.saturating_add(thread_time().saturating_sub(start));
    }
}

fn look(store: &mut Store, now_ms: u64) -> Result<(), Failure> {
    println!("\nunread                  {}", store.unread(now_ms)?);
    let page = store.page(None, 20)?;
    if let Some(entry) = page.entries().next() {
        store.mark_read_up_to(&entry.message_id())?;
        println!("read up to the last 20  {}", store.unread(now_ms)?);
    }
    let edited = page.entries().find(|entry| entry.is_edited());
    if let Some(entry) = edited.or_else(|| page.entries().next()) {
        println!("\nthe message {:?}", entry.message_id());
        for version in entry.versions() {
            println!("  version of {} by {}", version.accepted_ms(), version.sender_uri());
        }
        for group in entry.reaction_groups(now_ms) {
            println!("  {:?} of {:?}", group.content, group.senders());
        }
        for status in entry.statuses() {
            println!("  {:?} by {} at {}", status.status, status.reader_uri, status.accepted_ms);
        }
    }
    Ok(())
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let temporary = std::env::temp_dir().join(format!("message-store-{}.sqlite", std::process::id()));
    let file = arguments.file.as_ref().unwrap_or(&temporary);
    if file.exists() {
        return Err(format!("{} exists already", file.display()).into());
    }
    let mut store = Store::open(file, LOCAL_USER)?;
    let messages = arguments.messages;
    let time = fold(&mut store, messages, arguments.batch)?;
    let database = store.database_time();
    let own = time.saturating_sub(database).saturating_sub(store.clock_time());
    println!("messages                {messages}");
    println!("time of SQLite          {:.1} µs per message", micros(database, messages));
    println!(
        "calls of SQLite         {:.1} per message",
        f64::from(store.database_calls()) / messages.max(1) as f64
    );
    println!("time beside it          {:.1} µs per message", micros(own, messages));
    match peak_kib() {
        Some(kib) => println!("peak memory             {:.1} MB", kib as f64 * 1024.0 / 1e6),
        None => println!("peak memory             not known on this system"),
    }
    let size = std::fs::metadata(file)?.len();
    println!("size of the file        {:.1} MB", size as f64 / 1e6);

    let now_ms = START_MS.saturating_add((messages as u64).saturating_mul(1500));
    if !arguments.no_compare {
        let mut timeline = Timeline::for_user(LOCAL_USER);
        let mut ids = Vec::new();
        for sent in Traffic::new(messages) {
            let content = MimiContentRef::decode(&sent.encoded)?;
            ids.push(sent.message_id);
            let _ = timeline.insert(received(&sent, &content), sent.encoded.clone(), &sender_only);
        }
        match store.compare(&timeline, &ids, now_ms)? {
            Ok(compared) => println!("equals the timeline     {compared} rows and entries"),
            Err(difference) => return Err(difference.to_string().into()),
        }
    }
    look(&mut store, now_ms)?;

    let middle_ms = START_MS.saturating_add((messages as u64).saturating_mul(750));
    println!("\ncontents evicted        {}", store.evict(middle_ms)?);
    drop(store);
    if arguments.file.is_none() {
        for end in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("message-store: {failure}");
            ExitCode::FAILURE
        }
    }
}
