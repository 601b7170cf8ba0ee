//! The tables of the report: measurements and their bars.
#![expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "the report rounds its figures")]

use std::{env, fs, io, path::Path, time::Duration};

use crate::{
    Part, Scale,
    cases::{CASES, COLD_START_BAR, Case, LEVELS, LOGIN, PRODUCT, RECEIPT},
    measure::{self, Binaries, Measured, Program, SIZED},
    share::NoShare,
    world::{Failure, World},
};

/// Processes of each program that are measured in turns.
const TURNS: usize = 2;
/// Percent more processor time with ten times the data.
const MAX_GROWTH: f64 = 10.0;
/// MB of resident memory under load.
const MAX_RESIDENT: f64 = 20.0;
/// MB of resident memory while hashing.
const MAX_HASHING: f64 = 64.0;
/// MB of a compressed function.
const MAX_ARTIFACT: f64 = 4.5;

/// The names of all functions, from their folders.
pub(crate) fn functions() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

pub(crate) fn artifact(binaries: &Binaries) -> Result<(), Failure> {
    println!("\n## Artifacts of {}\n\n| function | MB compressed | bar | |\n|---|---:|---:|---|", env::consts::ARCH);
    for name in functions()? {
        let size = measure::compressed_size(&binaries.functions.join(&name))? as f64 / 1e6;
        println!("| {name} | {size:.2} | {MAX_ARTIFACT} | {} |", verdict(size <= MAX_ARTIFACT));
    }
    Ok(())
}

pub(crate) async fn processor(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    eprintln!("filling a second table with {} products", scale.products * 10);
    let large = World::of(scale.products * 10, scale.movements).await?;
    println!(
        "\n## Processor time and memory of a request\n\n\
         | request | µs | reference, µs | ratio | bar | | with ten times the data | bar | \
         | ms to the answer, median | p99 | MB resident | bar | | Python service, multiple |\n\
         |---|---:|---:|---:|---:|---|---:|---:|---|---:|---:|---:|---:|---|---:|"
    );
    let hash = measure::hash(if scale.rounds > 1 { 20 } else { 1 })?;
    let empty = measure::empty(binaries, world, scale.requests).await?;
    for case in CASES {
        let count = scale.requests(&case).div_ceil(TURNS);
        // In turns, so that other load of the machine affects all.
        let (mut small, mut big, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let [first, second] = [0, TURNS].map(|series| measure::series(Part::Processor, series + turn));
            small.push(measure::processor(binaries, world, &case, Program::Product, first, count).await?);
            if case.has_bare() {
                bare.push(measure::processor(binaries, world, &case, Program::Bare, second, count).await?);
            }
            big.push(measure::processor(binaries, &large, &case, Program::Product, first, count).await?);
        }
        print_processor(&case, hash, &small, &big, &bare)?;
    }
    println!(
        "\nThe function without logic takes {:.0} µs for a request; hashing a password takes {:.1} ms. The \
         reference is the bare function, which makes the same calls of the table and nothing else; for a sign-in it is \
         the hash.",
        micros(empty),
        millis(hash)
    );
    large.close().await;
    Ok(())
}

/// Prints the row of a case: measurements with the usual data, with ten times the data, and of the bare function.
fn print_processor(
    case: &Case,
    hash: Duration,
    small: &[Measured],
    big: &[Measured],
    bare: &[Measured],
) -> Result<(), Failure> {
    let mean = |measured: &[Measured]| {
        measured.iter().map(|one| micros(one.processor)).sum::<f64>() / measured.len().max(1) as f64
    };
    let (used, growth) = (mean(small), (mean(big) / mean(small) - 1.0) * 100.0);
    let newest = small.last().ok_or("there is no measurement")?;
    let all = small.iter().chain(big);
    // A sign-in takes the time and memory of its hash.
    let (reference, largest, memory) = if bare.is_empty() {
        (micros(hash), MAX_HASHING, all.map(|one| one.memory.peak).max())
    } else {
        (mean(bare), MAX_RESIDENT, all.map(|one| one.memory.now).max())
    };
    let (ratio, bar) = (used / reference, case.bar as f64 / 100.0);
    let memory = megabytes(memory.unwrap_or_default());
    println!(
        "| {} | {used:.0} | {reference:.0} | {ratio:.2} | {bar} | {} | {growth:+.1}% | {MAX_GROWTH:+}% | {} | {:.2} \
         | {:.2} | {memory:.1} | {largest} | {} | {:.0} |",
        case.name,
        verdict(ratio <= bar),
        verdict(growth < MAX_GROWTH),
        millis(newest.median),
        millis(newest.p99),
        verdict(memory <= largest),
        micros(case.python) / used,
    );
    Ok(())
}

pub(crate) async fn crowd(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    let processes = scale.processes;
    println!(
        "\n## {processes} processes at once\n\n| request | µs of the processor | requests a second |\n|---|---:|---:|"
    );
    for case in [PRODUCT, LEVELS, RECEIPT] {
        let count = scale.requests(&case).div_ceil(8);
        let (taken, rate) = measure::crowd(binaries, world, &case, processes, count).await?;
        println!("| {} | {:.0} | {rate} |", case.name, micros(taken));
    }
    Ok(())
}

pub(crate) async fn hot(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    println!("\n## One hot product\n\n| writers at once | s to the last answer | bar | |\n|---:|---:|---:|---|");
    for (writers, bar) in scale.writers.into_iter().zip([2, 5]) {
        let took = measure::hot(binaries, world, writers).await?;
        let bar = Duration::from_secs(bar);
        println!("| {writers} | {:.2} | {} | {} |", took.as_secs_f64(), bar.as_secs(), verdict(took <= bar));
    }
    Ok(())
}

pub(crate) async fn cold(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    println!(
        "\n## Cold start\n\n| function | ms to the first answer | of that, its start | bare function | of that, its \
         start | ratio | bar | |\n|---|---:|---:|---:|---:|---:|---:|---|"
    );
    for case in [PRODUCT, RECEIPT, LOGIN] {
        let times = measure::cold_starts(binaries, world, &case, scale.rounds).await?;
        let [cold, bare @ ..] = times.as_slice() else { continue };
        print!("| {}: {} | {:.1} | {:.1}", case.function, case.name, millis(cold.answer), millis(cold.start));
        match bare.first() {
            Some(bare) => {
                let (ratio, bar) = (millis(cold.answer) / millis(bare.answer), COLD_START_BAR as f64 / 100.0);
                let (answer, start) = (millis(bare.answer), millis(bare.start));
                println!(" | {answer:.1} | {start:.1} | {ratio:.2} | {bar} | {} |", verdict(ratio <= bar));
            }
            None => println!(" | | | | | |"),
        }
    }
    Ok(())
}

/// USD for a GB-second on arm64 in `us-east-1`.
const GB_SECOND: f64 = 0.000_013_333_4;

pub(crate) async fn memory(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    println!(
        "\n## Time and price by memory\n\nThe processor share is that of Lambda. The table has no network latency.\n\n\
         | request | MB | ms to the first answer | ms warm, median | p99 | USD for a million, by median \
         | peak MB resident |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    for case in SIZED {
        for size in &scale.sizes {
            let count = scale.requests(&case).min(500);
            let sized = measure::sized(binaries, world, &case, *size, count).await;
            if let Err(failure) = &sized
                && let Some(refused) = failure.downcast_ref::<NoShare>()
            {
                println!("\nNot measured: {refused}.");
                return Ok(());
            }
            let sized = sized?;
            // Billed in whole milliseconds.
            let usd = millis(sized.median).ceil() / 1e3 * (*size as f64 / 1024.0) * GB_SECOND * 1e6;
            println!(
                "| {} | {size} | {:.0} | {:.1} | {:.1} | {usd:.3} | {:.1} |",
                case.name,
                millis(sized.cold),
                millis(sized.median),
                millis(sized.p99),
                megabytes(sized.peak),
            );
        }
    }
    Ok(())
}

fn megabytes(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1024.0 / 1e6
}

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "**missed**" }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
