//! Measures how cost grows, and writes it down: see the crate.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mimi_scaling::{Case, LIMIT, cases, exponent, instructions, memory};

const USAGE: &str = "\
usage: mimi-scaling [--only TEXT] [--write FILE]
Counts instructions (valgrind) and memory of each case at n, 2n, 4n and 8n, and prints a table.
  --only TEXT   the cases whose crate, function or input holds TEXT
  --write FILE  puts the table into FILE, between its marks
Fails if an exponent is above 1.15 and has no reason.";

/// Below these a cost is as good as none: what a call takes at least.
const FEW_INSTRUCTIONS: u64 = 50_000;
const FEW_BYTES: u64 = 4096;

struct Measured {
    case: Case,
    instructions: [u64; 4],
    memory: [u64; 4],
}

impl Measured {
    fn exponents(&self) -> [f64; 2] {
        [exponent(&self.instructions, FEW_INSTRUCTIONS), exponent(&self.memory, FEW_BYTES)]
    }
}

fn table(measured: &[Measured]) -> String {
    let mut table = String::new();
    let mut crate_name = "";
    for one in measured {
        let case = &one.case;
        if case.crate_name != crate_name {
            crate_name = case.crate_name;
            let _ = write!(
                table,
                "\n## `{crate_name}`\n\n| function | input | 8n | exponent of instructions | of memory | instructions at 8n | bytes held at 8n |\n|-|-|-|-|-|-|-|\n"
            );
        }
        let [time, space] = one.exponents();
        let hostile = if case.is_hostile { "hostile: " } else { "" };
        let reason = case.reason.map(|reason| format!(". {reason}")).unwrap_or_default();
        let _ = writeln!(
            table,
            "| `{}` | {hostile}{}{reason} | {} {} | {time:.2} | {space:.2} | {} | {} |",
            case.function,
            case.input,
            thousands(case.smallest as u64 * 8),
            case.unit,
            thousands(one.instructions[3]),
            thousands(one.memory[3]),
        );
    }
    table
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Replaces what is between the marks of a file.
fn write(file: &Path, table: &str) -> Result<(), String> {
    const MARKS: [&str; 2] = ["<!-- measured -->", "<!-- end -->"];
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let (head, rest) = text.split_once(MARKS[0]).ok_or_else(|| format!("{name}: no {}", MARKS[0]))?;
    let (_, tail) = rest.split_once(MARKS[1]).ok_or_else(|| format!("{name}: no {}", MARKS[1]))?;
    let text = format!("{head}{}\n{table}\n{}{tail}", MARKS[0], MARKS[1]);
    std::fs::write(file, text).map_err(|error| format!("{name}: {error}"))
}

fn measure(only: &str) -> Result<Vec<Measured>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = std::env::temp_dir().join(format!("mimi-scaling-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let counts = instructions::count(&program, &folder, only);
    let _ = std::fs::remove_dir_all(&folder);
    let chosen = cases().into_iter().filter(|case| case.name().contains(only));
    Ok(chosen
        .zip(counts?)
        .map(|(case, instructions)| Measured { instructions, memory: memory(&case), case })
        .collect())
}

fn run() -> Result<bool, String> {
    let (mut only, mut file) = (String::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match argument.as_str() {
            "--only" => only = value,
            "--write" => file = Some(PathBuf::from(value)),
            "--inside" => {
                instructions::run(&value);
                return Ok(true);
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    let measured = measure(&only)?;
    let table = table(&measured);
    match file {
        Some(file) => write(&file, &table)?,
        None => print!("{table}"),
    }
    let mut is_good = true;
    for one in measured.iter().filter(|one| one.case.reason.is_none()) {
        if let Some(above) = one.exponents().into_iter().find(|exponent| *exponent > LIMIT) {
            is_good = false;
            eprintln!(
                "{}: exponent {above:.2}: instructions {:?}, bytes {:?}",
                one.case.name(),
                one.instructions,
                one.memory
            );
        }
    }
    Ok(is_good)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
