//! The tables of the report: measurements and their bars.
#![expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "the report rounds its figures")]

use std::{env, fs, io, path::Path, time::Duration};

use crate::{
    Part, Scale,
    cases::{CASES, Case, LEVELS, LOGIN, PRODUCT, RECEIPT},
    measure::{self, Binaries, Measured, SIZED},
    share::NoShare,
    world::{Failure, World},
};

/// How many times less processor time than the Python service, at least.
const MIN_TIMES_LESS: f64 = 20.0;
/// Percent more processor time with ten times the data.
const MAX_GROWTH: f64 = 10.0;
/// How many times the cold start of the function without logic.
const MAX_TIMES_EMPTY: f64 = 2.0;
/// MB of resident memory under load.
const MAX_RESIDENT: f64 = 20.0;
/// MB of resident memory while hashing.
const MAX_HASHING: f64 = 64.0;
/// MB of a compressed function.
const MAX_ARTIFACT: f64 = 4.5;

/// The names of all functions, from their folders.
fn functions() -> io::Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
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
         | request | µs | bar | | SDK alone, µs | times less than Python | bar | | with ten times the data | bar | \
         | ms to the answer, median | p99 | MB resident | bar | |\n\
         |---|---:|---:|---|---:|---:|---:|---|---:|---:|---|---:|---:|---:|---:|---|"
    );
    let hash = measure::hash(if scale.rounds > 1 { 20 } else { 1 })?;
    let empty = measure::empty(binaries, world, scale.requests).await?;
    for case in CASES {
        let count = scale.requests(&case);
        // In turns, so that other load of the machine affects both.
        let (mut small, mut big, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..2 {
            let first = measure::series(Part::Processor, turn);
            small.push(measure::processor(binaries, world, &case, first, count / 2).await?);
            big.push(measure::processor(binaries, &large, &case, first, count / 2).await?);
            bare.extend(measure::bare(binaries, world, &case, count / 2).await?);
        }
        print_processor(&case, hash, &small, &big, &bare)?;
    }
    println!(
        "\nThe function without logic takes {:.0} µs for a request; hashing a password takes {:.1} ms. \"SDK alone\" \
         is a function that makes the same calls of the table and ignores the results.",
        micros(empty),
        millis(hash)
    );
    large.close().await;
    Ok(())
}

/// Prints the row of a case: measurements with the usual data, with ten times the data, and of the SDK alone.
fn print_processor(
    case: &Case,
    hash: Duration,
    small: &[Measured],
    big: &[Measured],
    bare: &[Duration],
) -> Result<(), Failure> {
    let bare_mean = bare.iter().map(|time| micros(*time)).sum::<f64>() / bare.len().max(1) as f64;
    let mean = |measured: &[Measured]| {
        measured.iter().map(|one| micros(one.processor)).sum::<f64>() / measured.len().max(1) as f64
    };
    let (used, growth) = (mean(small), (mean(big) / mean(small) - 1.0) * 100.0);
    let times = micros(case.python) / used;
    let newest = small.last().ok_or("there is no measurement")?;
    let all = small.iter().chain(big);
    // A login takes the time and memory of its hash, in the Python service too.
    let (bar, allowed, less, min_less, largest, memory) = if let Some(bar) = case.bar {
        let resident = all.map(|one| one.memory.now).max();
        let (less, min_less) = (format!("{times:.0}"), MIN_TIMES_LESS.to_string());
        (format!("{:.0}", micros(bar)), micros(bar), less, min_less, MAX_RESIDENT, resident)
    } else {
        let peak = all.map(|one| one.memory.peak).max();
        let bar = format!("one hash: {:.0}", micros(hash));
        (bar, micros(hash) * 1.1, format!("{times:.1}"), String::new(), MAX_HASHING, peak)
    };
    let memory = megabytes(memory.unwrap_or_default());
    println!(
        "| {} | {used:.0} | {bar} | {} | {} | {less} | {min_less} | {} | {growth:+.1}% | {MAX_GROWTH:+}% | {} | {:.2} \
         | {:.2} | {memory:.1} | {largest} | {} |",
        case.name,
        verdict(used <= allowed),
        if bare.is_empty() { String::new() } else { format!("{bare_mean:.0}") },
        if case.bar.is_some() { verdict(times >= MIN_TIMES_LESS) } else { "" },
        verdict(growth < MAX_GROWTH),
        millis(newest.median),
        millis(newest.p99),
        verdict(memory <= largest),
    );
    Ok(())
}

pub(crate) async fn crowd(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    let processes = scale.processes;
    println!(
        "\n## {processes} processes at once\n\n| request | µs of the processor | bar | | requests a second |\n\
         |---|---:|---:|---|---:|"
    );
    for case in [PRODUCT, LEVELS, RECEIPT] {
        let count = scale.requests(&case).div_ceil(8);
        let (taken, rate) = measure::crowd(binaries, world, &case, processes, count).await?;
        let bar = case.bar.unwrap_or_default();
        println!("| {} | {:.0} | {:.0} | {} | {rate} |", case.name, micros(taken), micros(bar), verdict(taken <= bar));
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
        "\n## Cold start\n\n| function | ms to the first answer | of that, its start | function without logic | times \
         | bar | | SDK alone |\n|---|---:|---:|---:|---:|---:|---|---:|"
    );
    for case in [PRODUCT, RECEIPT, LOGIN] {
        let (empty, bare, cold) = measure::cold_starts(binaries, world, &case, scale.rounds).await?;
        let times = millis(cold.answer) / millis(empty.answer);
        // The time of a login is that of its hash.
        let bar = if case.function == LOGIN.function { None } else { Some(MAX_TIMES_EMPTY) };
        println!(
            "| {}: {} | {:.1} | {:.1} | {:.1} | {times:.2} | {} | {} | {} |",
            case.function,
            case.name,
            millis(cold.answer),
            millis(cold.start),
            millis(empty.answer),
            bar.map(|bar| bar.to_string()).unwrap_or_default(),
            bar.map_or("", |bar| verdict(times <= bar)),
            bare.map(|bare| format!("{:.1}", millis(bare.answer))).unwrap_or_default(),
        );
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
