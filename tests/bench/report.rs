//! The tables: what was measured, and what it may be.
#![expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "figures are rounded for a reader")]

use std::{env, fs, io, path::Path, time::Duration};

use crate::{
    Part, Scale,
    cases::{CASES, LEVELS, LOGIN, PRODUCT, RECEIPT},
    measure::{self, Binaries, SIZED},
    share::NoShare,
    world::{Failure, World},
};

/// The bars: how many times less than the Python service, by how many percent more with ten times the data, how many
/// times an empty function's start, MB of memory under load and while hashing, MB of an artifact.
const TIMES_LESS: f64 = 20.0;
const GROWTH: f64 = 10.0;
const TIMES_EMPTY: f64 = 2.0;
const RESIDENT: f64 = 20.0;
const HASHING: f64 = 64.0;
const ARTIFACT: f64 = 4.5;

/// Every function of the workspace, by its folder.
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
        let size = measure::packed(&binaries.functions.join(&name))? as f64 / 1e6;
        println!("| {name} | {size:.2} | {ARTIFACT} | {} |", verdict(size <= ARTIFACT));
    }
    Ok(())
}

pub(crate) async fn processor(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    eprintln!("filling another: {} products", scale.products * 10);
    let large = World::of(scale.products * 10, scale.movements).await?;
    println!(
        "\n## Processor time of a request, and memory\n\n\
         | request | µs | bar | | the SDK alone, µs | times less than Python | bar | | with ten times the data | bar | | ms until the answer, median | p99 \
         | MB resident | bar | |\n|---|---:|---:|---|---:|---:|---:|---|---:|---:|---|---:|---:|---:|---:|---|"
    );
    let hash = measure::hash(if scale.rounds > 1 { 20 } else { 1 })?;
    let nothing = measure::nothing(binaries, world, scale.requests).await?;
    for case in CASES {
        let count = scale.requests(&case);
        // In turns, so that what else the machine does befalls both.
        let (mut small, mut big, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..2 {
            let first = measure::series(Part::Processor, turn);
            small.push(measure::processor(binaries, world, &case, first, count / 2).await?);
            big.push(measure::processor(binaries, &large, &case, first, count / 2).await?);
            bare.extend(measure::bare(binaries, world, &case, count / 2).await?);
        }
        let bare = if bare.is_empty() {
            String::new()
        } else {
            format!("{:.0}", bare.iter().map(|taken| micros(*taken)).sum::<f64>() / bare.len() as f64)
        };
        let mean = |taken: &[measure::Taken]| {
            taken.iter().map(|taken| micros(taken.processor)).sum::<f64>() / taken.len().max(1) as f64
        };
        let (used, grown) = (mean(&small), (mean(&big) / mean(&small) - 1.0) * 100.0);
        let times = micros(case.python) / used;
        let bar = case.bar.unwrap_or(hash);
        let (less, at_least) = match case.bar {
            Some(_) => (format!("{times:.0}"), format!("{TIMES_LESS}")),
            // The hash is what it is for everybody.
            None => (format!("{times:.1}"), String::new()),
        };
        let allowed = if case.bar.is_some() { micros(bar) } else { micros(bar) * 1.1 };
        let last = small.last().ok_or("nothing was measured")?;
        let most = if case.bar.is_some() { RESIDENT } else { HASHING };
        let resident =
            small.iter().chain(&big).map(|taken| if case.bar.is_some() { taken.memory.now } else { taken.memory.peak });
        let memory = megabytes(resident.max().unwrap_or_default());
        println!(
            "| {} | {used:.0} | {}{:.0} | {} | {} | {less} | {at_least} | {} | {grown:+.1}% | {GROWTH:+}% | {} | {:.2} | {:.2} | {memory:.1} \
             | {most} | {} |",
            case.name,
            if case.bar.is_some() { "" } else { "one hash: " },
            micros(bar),
            verdict(used <= allowed),
            bare,
            if case.bar.is_some() { verdict(times >= TIMES_LESS) } else { "" },
            verdict(grown < GROWTH),
            millis(last.median),
            millis(last.p99),
            verdict(memory <= most),
        );
    }
    println!(
        "\nThe function that does nothing takes {:.0} µs a request here; a hash of a password by itself takes {:.1} ms. The SDK \
         alone is a function that makes the same calls of the table and looks at nothing they find.",
        micros(nothing),
        millis(hash)
    );
    large.close().await;
    Ok(())
}

pub(crate) async fn crowd(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    let processes = scale.processes;
    println!(
        "\n## {processes} processes at once\n\n| request | µs of the processor | bar | | answered a second |\n|---|---:|---:|---|---:|"
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
    println!(
        "\n## One hot product\n\n| writers at once | s until the last is answered | bar | |\n|---:|---:|---:|---|"
    );
    for (writers, bar) in scale.writers.into_iter().zip([2, 5]) {
        let took = measure::hot(binaries, world, writers).await?;
        let bar = Duration::from_secs(bar);
        println!("| {writers} | {:.2} | {} | {} |", took.as_secs_f64(), bar.as_secs(), verdict(took <= bar));
    }
    Ok(())
}

pub(crate) async fn cold(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    println!(
        "\n## From cold\n\n| function | ms to the first answer | of it, its start | the empty function's | times | bar | | of the SDK alone |\n\
         |---|---:|---:|---:|---:|---:|---|---:|"
    );
    for case in [PRODUCT, RECEIPT, LOGIN] {
        let (empty, bare, cold) = measure::from_cold(binaries, world, &case, scale.rounds).await?;
        let times = millis(cold.answer) / millis(empty.answer);
        // A login is the time of its hash, whatever came before.
        let bar = if case.function == LOGIN.function { None } else { Some(TIMES_EMPTY) };
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

/// What a GB-second costs in USD on arm64, `us-east-1`.
const GB_SECOND: f64 = 0.000_013_333_4;

pub(crate) async fn memory(binaries: &Binaries, world: &World, scale: &Scale) -> Result<(), Failure> {
    println!(
        "\n## By memory given\n\nThe share of a processor is what Lambda gives; the table answers at once, as it does not over a network.\n\n\
         | request | MB | ms to the first answer | ms warm, median | p99 | USD a million, of the median | MB resident at most |\n\
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
