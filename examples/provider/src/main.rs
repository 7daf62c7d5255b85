//! The program: `mimi-provider --help` says what it does.

use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{CommandFactory, Parser, Subcommand};
use mimi_provider::{
    Result,
    clock::{Clock, SystemClock},
    config::Config,
    engine::generator,
    identity::ProviderKeys,
    load::{Load, drive},
    run::Running,
};
use tokio::signal::unix::{SignalKind, signal};

mod commands;

/// A MIMI provider: hub and follower over HTTPS, with its database, its clients and its tests.
#[derive(Parser)]
#[command(name = "mimi-provider", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a provider until SIGTERM or SIGINT.
    Serve {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Log what happens at this level: error, warn, info, debug or trace.
        #[arg(long, default_value = "info")]
        log: tracing::Level,
    },
    /// Write a file of new keys for a provider, and print its public key for the others'
    /// configurations.
    Keygen {
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Act as a client of a provider.
    Client(commands::ClientArguments),
    /// Play a story between three providers of its own, and show what each of them stores.
    Demo {
        /// Store in the PostgreSQL server with these parameters instead of SQLite, in schemas that
        /// are dropped in the end.
        #[arg(long, value_name = "PARAMETERS")]
        postgres: Option<String>,
    },
    /// Test a provider on the wire, and print each case with its section of mimi-protocol-06.
    Conformance(commands::ConformanceArguments),
    /// Drive rooms and messages through a provider on this machine, and print what it takes.
    Load {
        /// How many rooms.
        #[arg(long, default_value_t = 10)]
        rooms: usize,
        /// How many messages.
        #[arg(long, default_value_t = 5000)]
        messages: usize,
        /// How many messages a second; 0 sends as many as the provider takes.
        #[arg(long, default_value_t = 0)]
        per_second: u64,
        /// How many messages may wait for their answers.
        #[arg(long, default_value_t = 64)]
        at_once: usize,
        /// Store in the PostgreSQL server with these parameters instead of SQLite, in schemas that
        /// are made for it and stay.
        #[arg(long, value_name = "PARAMETERS")]
        postgres: Option<String>,
    },
    /// Write shell completions to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output.
    Man,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("mimi-provider: {error}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve { config, log } => serve(&config, log).await,
        Command::Keygen { file } => {
            let key = ProviderKeys::generate(&file, SystemClock.now_ms(), &mut generator()?)?;
            println!("{}", hex::encode(key.as_slice()));
            Ok(())
        }
        Command::Client(arguments) => commands::client(arguments).await,
        Command::Conformance(arguments) => commands::conformance(arguments).await,
        Command::Load { rooms, messages, per_second, at_once, postgres } => {
            println!("{}", drive(Load { rooms, messages, per_second, at_once }, postgres.as_deref()).await?);
            Ok(())
        }
        Command::Demo { postgres } => {
            let out = &mut std::io::stdout();
            mimi_provider::demo::play(std::env::current_exe()?, postgres.as_deref(), out).await
        }
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "mimi-provider", &mut std::io::stdout());
            Ok(())
        }
        Command::Man => Ok(clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?),
    }
}

async fn serve(path: &std::path::Path, log: tracing::Level) -> Result<()> {
    tracing_subscriber::fmt().with_max_level(log).with_writer(std::io::stderr).with_ansi(false).init();
    let config = Config::read(path)?;
    let database = config.clone();
    let opened = tokio::task::spawn_blocking(move || database.open_store().map_err(|why| why.to_string()));
    let store = opened.await??;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let running = Running::start(&config, store, Arc::new(SystemClock)).await?;
    // For a caller that started it with port 0.
    let mut out = std::io::stdout();
    writeln!(out, "federation {}", running.federation)?;
    writeln!(out, "clients {}", running.clients)?;
    writeln!(out, "health {}", running.health)?;
    writeln!(out, "ready")?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}
