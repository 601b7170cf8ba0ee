//! `cargo bench`: measures the functions and compares figures with their bars.
//!
//! Each function is a process with the real Lambda runtime. It reaches a local runtime API and an embedded DynamoDB
//! over HTTP. Compare figures of one run only: machines differ, and so do hours on a shared machine.
//! `cargo bench -- processor cold` measures these two parts.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "the report goes to stdout, progress to stderr")]

mod cases;
mod endpoint;
mod instructions;
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
    /// Compressed size of the functions
    Artifact,
    /// Instructions of a request and a start, written to instructions.snap; needs valgrind
    Instructions,
    /// Processor time and memory of a request, also with ten times the data
    Processor,
    /// Sixteen processes at once
    Crowd,
    /// Many writers of one level
    Hot,
    /// From the start of a process to its first answer
    Cold,
    /// Time and price by memory; needs the right to create control groups
    Memory,
}

/// Measures the functions and compares figures with their bars.
#[derive(Debug, Parser)]
struct Options {
    /// The parts to measure; by default all
    parts: Vec<Part>,
    /// Number of requests of each kind
    #[arg(long, default_value_t = 4_000)]
    requests: usize,
    /// Measure little, with debug builds: checks that the benchmark works
    #[arg(long)]
    brief: bool,
    /// Compare with instructions.snap instead of writing it. Fail if a figure grew by more than 5% or a ratio exceeds
    /// its bar
    #[arg(long)]
    check: bool,
    /// The argument that cargo gives to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The amount of data and requests.
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
    // Debug builds say nothing about sizes and instructions.
    let is_optimized = |part| matches!(part, Part::Artifact | Part::Instructions);
    let is_default = |part| options.parts.is_empty() && !(options.brief && is_optimized(part));
    let wanted = |part| is_default(part) || options.parts.contains(&part);
    if options.check && (options.brief || !options.parts.contains(&Part::Instructions)) {
        return Err("--check requires the part `instructions`, without --brief".into());
    }
    if options.brief && options.parts.iter().copied().any(is_optimized) {
        return Err("--brief measures debug builds, which say nothing about sizes and instructions".into());
    }
    let measured: Vec<&str> = CASES.iter().map(|case| case.function).collect();
    let binaries = binaries(options.brief, if wanted(Part::Artifact) { &[] } else { &measured })?;
    let scale = Scale::of(&options);
    if wanted(Part::Artifact) {
        report::artifact(&binaries)?;
    }
    if wanted(Part::Instructions) {
        let world = World::of(instructions::PRODUCTS, 1).await?;
        let counted = instructions::count(&binaries, &world).await?;
        world.close().await;
        println!("\n## Instructions\n\n{counted}");
        if options.check { counted.check()? } else { counted.write()? }
    }
    if options.parts.iter().copied().all(is_optimized) && !options.parts.is_empty() {
        return Ok(());
    }
    eprintln!("filling a table with {} products", scale.products);
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

/// Builds these functions, or all, with the profile of a deployment but for this machine, and returns their paths.
fn binaries(brief: bool, functions: &[&str]) -> Result<Binaries, Failure> {
    // <target>/release/deps/bench-<hash>
    let program = env::current_exe()?;
    let built =
        program.parent().and_then(Path::parent).ok_or("this program is not in the target directory of cargo")?;
    let target = built.parent().ok_or("this program is not in the target directory of cargo")?;
    let profile = if brief { "debug" } else { "release" };
    if brief {
        // The same build as that of the checks, so nothing is compiled again.
        cargo(&["build", "--locked", "--workspace"])?;
    } else {
        // One build of all functions unites their features, as in a deployment.
        let all = report::functions()?;
        let packages: Vec<String> = all.iter().map(|name| format!("stockroom-{name}")).collect();
        let packages = packages.iter().flat_map(|package| ["--package", package]);
        let names: Vec<&str> =
            if functions.is_empty() { all.iter().map(String::as_str).collect() } else { functions.to_vec() };
        let names = names.into_iter().chain(["bare", "empty"]).flat_map(|name| ["--bin", name]);
        let arguments = ["build", "--locked", "--release", "--package", "stockroom-reference"];
        cargo(&arguments.into_iter().chain(packages).chain(names).collect::<Vec<_>>())?;
    }
    let functions = target.join(profile);
    Ok(Binaries { empty: functions.join("empty"), bare: functions.join("bare"), functions })
}

fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("the workspace was not found")?;
    let status = Command::new(env!("CARGO")).args(arguments).current_dir(workspace).status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo {}: {status}", arguments.join(" ")).into()) }
}
