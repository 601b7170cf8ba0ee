//! `cargo bench`: what the functions take, beside what they may take.
//!
//! Each is a process of its own with the real Lambda runtime, before a runtime API of one's own and an embedded DynamoDB that
//! it reaches over HTTP. What is timed is this machine's: figures of two machines, or of two hours on a shared one, do not
//! compare, those of one run do. `cargo bench -- processor cold` measures these alone.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "what is measured is told")]

mod cases;
mod endpoint;
mod measure;
mod process;
mod report;
mod share;
mod world;

use std::{env, path::Path, process::Command};

use clap::{Parser, ValueEnum};

use cases::{CASES, Case, LOGIN};
use measure::Binaries;
use world::{Failure, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How large the functions are.
    Artifact,
    /// Processor time, memory, and the same with ten times the data.
    Processor,
    /// Sixteen processes at once.
    Crowd,
    /// Many writers of one level.
    Hot,
    /// From the start of a process to its first answer.
    Cold,
    /// Time and price by the memory a function is given. Needs the right to make control groups.
    Memory,
}

/// Measures the functions, and says what each figure may be.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything if nothing is said.
    parts: Vec<Part>,
    /// Requests of each kind.
    #[arg(long, default_value_t = 4_000)]
    requests: usize,
    /// A few of everything, with the binaries of a debug build as they are: whether it works, not how fast.
    #[arg(long)]
    brief: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is done of everything.
struct Scale {
    products: usize,
    movements: usize,
    requests: usize,
    logins: usize,
    rounds: usize,
    processes: usize,
    writers: [usize; 2],
    sizes: Vec<u64>,
}

impl Scale {
    fn of(options: &Options) -> Self {
        if options.brief {
            return Self {
                products: 20,
                movements: 1,
                requests: 10,
                logins: 2,
                rounds: 1,
                processes: 2,
                writers: [2, 4],
                sizes: vec![1_769],
            };
        }
        Self {
            products: 200,
            movements: 5,
            requests: options.requests,
            logins: 50,
            rounds: 15,
            processes: 16,
            writers: [16, 64],
            sizes: vec![128, 256, 512, 1_024, 1_769],
        }
    }

    fn requests(&self, case: &Case) -> usize {
        if case.function == LOGIN.function { self.logins } else { self.requests }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    // Debug builds are large, and how large says nothing.
    let is_usual = |part| options.parts.is_empty() && !(options.brief && part == Part::Artifact);
    let wanted = |part| is_usual(part) || options.parts.contains(&part);
    let measured: Vec<&str> = CASES.iter().map(|case| case.function).collect();
    let binaries = binaries(options.brief, if wanted(Part::Artifact) { &[] } else { &measured })?;
    let scale = Scale::of(&options);
    if wanted(Part::Artifact) {
        report::artifact(&binaries)?;
    }
    if options.parts == [Part::Artifact] {
        return Ok(());
    }
    eprintln!("filling a table: {} products", scale.products);
    let world = World::of(scale.products, scale.movements).await?;
    if wanted(Part::Processor) {
        report::processor(&binaries, &world, &scale).await?;
    }
    if wanted(Part::Crowd) {
        report::crowd(&binaries, &world, &scale).await?;
    }
    if wanted(Part::Hot) {
        report::hot(&binaries, &world, &scale).await?;
    }
    if wanted(Part::Cold) {
        report::cold(&binaries, &world, &scale).await?;
    }
    if wanted(Part::Memory) {
        report::memory(&binaries, &world, &scale).await?;
    }
    world.close().await;
    Ok(())
}

/// Builds these functions, or all, as they are deployed, but for this machine, and finds them.
fn binaries(brief: bool, functions: &[&str]) -> Result<Binaries, Failure> {
    // <target>/release/deps/bench-<hash>
    let program = env::current_exe()?;
    let built = program.parent().and_then(Path::parent).ok_or("this program is not where cargo puts it")?;
    let target = built.parent().ok_or("this program is not where cargo puts it")?;
    let profile = if brief { "debug" } else { "release" };
    if brief {
        // As the checks build everything: nothing is compiled anew.
        cargo(&["build", "--locked", "--workspace", "--examples"])?;
    } else {
        // The default members: all functions, and nothing that would choose features for them.
        let some = functions.iter().flat_map(|function| ["--bin", function]);
        let all: &[&str] = if functions.is_empty() { &["--bins"] } else { &[] };
        let arguments = ["build", "--locked", "--release"].into_iter().chain(all.iter().copied()).chain(some);
        cargo(&arguments.collect::<Vec<_>>())?;
        cargo(&["build", "--locked", "--release", "--package", env!("CARGO_PKG_NAME"), "--examples"])?;
    }
    let functions = target.join(profile);
    let example = |name| functions.join("examples").join(name);
    Ok(Binaries { empty: example("empty"), bare: example("bare"), functions })
}

fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no workspace")?;
    let status = Command::new(env!("CARGO")).args(arguments).current_dir(workspace).status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo {}: {status}", arguments.join(" ")).into()) }
}
