//! Calls functions and measures time, processor and memory.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};
use futures_util::future::try_join_all;
use serde_json::Value;
use stockroom_api::password::Hasher;
use stockroom_domain::source::Sources;
use stockroom_runtime::{OsEntropy, SystemClock};

use crate::{
    Part,
    cases::{Case, HOT, LOGIN, PRODUCT, RECEIPT},
    process::{Function, Memory, own_processor},
    share::Share,
    world::{Failure, PASSWORD, World},
};

/// Requests before a measurement, for connections, caches and token leases.
const WARM_UP: usize = 50;

/// Paths of the binaries.
#[derive(Debug)]
pub(crate) struct Binaries {
    /// The directory of the functions.
    pub(crate) functions: PathBuf,
    /// The function without logic.
    pub(crate) empty: PathBuf,
    /// The function that only makes the table calls of a read.
    pub(crate) bare: PathBuf,
}

impl Binaries {
    fn function(&self, name: &str) -> PathBuf {
        self.functions.join(name)
    }
}

/// Measurements of requests of one kind.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Processor time of a request.
    pub(crate) processor: Duration,
    /// Median time to the answer.
    pub(crate) median: Duration,
    /// 99th percentile of the time to the answer.
    pub(crate) p99: Duration,
    /// Memory after the last request.
    pub(crate) memory: Memory,
}

/// The first number of a series of requests. Each series has its own numbers, and so idempotency keys of its own.
pub(crate) fn series(part: Part, index: usize) -> usize {
    // A series has fewer than a million requests, a part fewer than ten thousand series.
    (part as usize).saturating_mul(10_000).saturating_add(index).saturating_mul(1_000_000)
}

/// The percentile of these values.
pub(crate) fn quantile(mut values: Vec<Duration>, percent: usize) -> Duration {
    values.sort_unstable();
    let index = values.len().saturating_sub(1).saturating_mul(percent).div_ceil(100);
    values.get(index).copied().unwrap_or_default()
}

fn each(total: Duration, count: usize) -> Duration {
    total.checked_div(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or_default()
}

async fn send(function: &mut Function, world: &World, case: &Case, number: usize) -> Result<Duration, Failure> {
    let event = case.event(world, number)?;
    let before = Instant::now();
    let answer = function.invoke(event).await?;
    let took = before.elapsed();
    case.check(&answer)?;
    Ok(took)
}

/// A process of the function of the case after its warm-up, whose requests are numbered from `first`.
async fn warm(binaries: &Binaries, world: &World, case: &Case, first: usize) -> Result<Function, Failure> {
    let mut function = Function::start(&binaries.function(case.function), &world.settings).await?;
    for number in first..first.saturating_add(WARM_UP) {
        send(&mut function, world, case, number).await?;
    }
    Ok(function)
}

/// Measures one process that answers `count` requests, numbered from `first`.
pub(crate) async fn processor(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    first: usize,
    count: usize,
) -> Result<Measured, Failure> {
    let mut function = warm(binaries, world, case, first).await?;
    let before = function.processor()?;
    let mut times = Vec::with_capacity(count);
    let first = first.saturating_add(WARM_UP);
    for number in first..first.saturating_add(count) {
        times.push(send(&mut function, world, case, number).await?);
    }
    let processor = each(function.processor()?.saturating_sub(before), count);
    let memory = function.memory()?;
    function.end().await?;
    Ok(Measured { processor, median: quantile(times.clone(), 50), p99: quantile(times, 99), memory })
}

/// Processor time of a request to the function without logic. It shows the speed of the machine and the share of the
/// Lambda runtime in every other figure.
pub(crate) async fn empty(binaries: &Binaries, world: &World, count: usize) -> Result<Duration, Failure> {
    let event = PRODUCT.event(world, 0)?;
    reference(&binaries.empty, world, count, |_| Ok((event.clone(), String::new()))).await
}

/// Processor time of the table calls of a read; `None` for writes.
pub(crate) async fn bare(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    count: usize,
) -> Result<Option<Duration>, Failure> {
    if case.bare_event(world, 0)?.is_none() {
        return Ok(None);
    }
    let event = |number| {
        let (event, items) = case.bare_event(world, number)?.unwrap_or_default();
        Ok((event, items.to_string()))
    };
    reference(&binaries.bare, world, count, event).await.map(Some)
}

/// Processor time of each of `count` events in a function outside the product. Each event comes with the expected body
/// of its answer.
async fn reference(
    binary: &Path,
    world: &World,
    count: usize,
    event: impl Fn(usize) -> Result<(Bytes, String), Failure>,
) -> Result<Duration, Failure> {
    let mut function = Function::start(binary, &world.settings).await?;
    let mut before = Duration::ZERO;
    for number in 0..WARM_UP.saturating_add(count) {
        if number == WARM_UP {
            before = function.processor()?;
        }
        let (event, body) = event(number)?;
        check_body(&function.invoke(event).await?, &body)?;
    }
    let taken = each(function.processor()?.saturating_sub(before), count);
    function.end().await?;
    Ok(taken)
}

/// Fails unless a function outside the product answered with this body.
fn check_body(answer: &[u8], body: &str) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    let found = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    if found == body { Ok(()) } else { Err(format!("expected the body {body:?}, got {answer}").into()) }
}

/// Processor time of a request with this many processes at once, and the requests answered in a second by all.
pub(crate) async fn crowd(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    processes: usize,
    count: usize,
) -> Result<(Duration, usize), Failure> {
    let mut functions = Vec::new();
    for index in 0..processes {
        functions.push(warm(binaries, world, case, series(Part::Crowd, index)).await?);
    }
    let processor = |functions: &[Function]| -> Result<Duration, Failure> {
        let each: Vec<Duration> = functions.iter().map(Function::processor).collect::<Result<_, _>>()?;
        Ok(each.iter().sum())
    };
    let before = processor(&functions)?;
    let began = Instant::now();
    try_join_all(functions.iter_mut().enumerate().map(async |(index, function)| {
        let first = series(Part::Crowd, index).saturating_add(WARM_UP);
        for number in first..first.saturating_add(count) {
            send(function, world, case, number).await?;
        }
        Ok::<_, Failure>(())
    }))
    .await?;
    let took = began.elapsed();
    let all = count.saturating_mul(processes);
    let taken = each(processor(&functions)?.saturating_sub(before), all);
    for function in functions {
        function.end().await?;
    }
    let millis = usize::try_from(took.as_millis()).unwrap_or(usize::MAX).max(1);
    Ok((taken, all.saturating_mul(1_000).checked_div(millis).unwrap_or_default()))
}

/// Time until the last answer when this many processes write to one level at once. Every write must succeed.
pub(crate) async fn hot(binaries: &Binaries, world: &World, writers: usize) -> Result<Duration, Failure> {
    let mut functions = Vec::new();
    for _ in 0..writers {
        let mut function = Function::start(&binaries.function(HOT.function), &world.settings).await?;
        send(&mut function, world, &HOT, 0).await?;
        functions.push(function);
    }
    let times = try_join_all(functions.iter_mut().map(|function| send(function, world, &HOT, 0))).await?;
    for function in functions {
        function.end().await?;
    }
    Ok(times.into_iter().max().unwrap_or_default())
}

/// Times of a cold start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColdStart {
    /// Until the process requests its first event.
    pub(crate) start: Duration,
    /// Until the first answer.
    pub(crate) answer: Duration,
}

async fn cold_start(
    binary: &Path,
    world: &World,
    event: Bytes,
    memory: Option<u64>,
) -> Result<(ColdStart, Bytes, Function, Option<Share>), Failure> {
    let began = Instant::now();
    let mut function = Function::start(binary, &world.settings).await?;
    function.started().await?;
    let start = began.elapsed();
    let share = memory.map(|memory| Share::of(function.id()?, memory)).transpose()?;
    let answer = function.invoke(event).await?;
    let cold = ColdStart { start, answer: began.elapsed() };
    Ok((cold, answer, function, share))
}

/// Medians of cold starts, measured in turns: of the function without logic, of the bare function for reads, and of the
/// function of the case.
pub(crate) async fn cold_starts(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    rounds: usize,
) -> Result<(ColdStart, Option<ColdStart>, ColdStart), Failure> {
    let (mut empty, mut bare, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let number = series(Part::Cold, round);
        let event = case.event(world, number)?;
        let (time, _, function, _) = cold_start(&binaries.empty, world, event.clone(), None).await?;
        empty.push(time);
        function.end().await?;
        if let Some((read, items)) = case.bare_event(world, number)? {
            let (time, answer, function, _) = cold_start(&binaries.bare, world, read, None).await?;
            check_body(&answer, &items.to_string())?;
            bare.push(time);
            function.end().await?;
        }
        let (time, answer, function, _) = cold_start(&binaries.function(case.function), world, event, None).await?;
        case.check(&answer)?;
        full.push(time);
        function.end().await?;
    }
    let median = |times: &[ColdStart]| ColdStart {
        start: quantile(times.iter().map(|cold| cold.start).collect(), 50),
        answer: quantile(times.iter().map(|cold| cold.answer).collect(), 50),
    };
    Ok((median(&empty), (!bare.is_empty()).then(|| median(&bare)), median(&full)))
}

/// Processor time of hashing a password with the parameters of the product.
pub(crate) fn hash(rounds: usize) -> Result<Duration, Failure> {
    let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
    let before = own_processor()?;
    for _ in 0..rounds {
        hasher.hash(PASSWORD).map_err(|_| "the password cannot be hashed")?;
    }
    Ok(each(own_processor()?.saturating_sub(before), rounds))
}

/// Measurements of a function with the processor share of its memory. Its start has the full speed, as on Lambda.
#[derive(Debug)]
pub(crate) struct Sized {
    /// From the start of the process to the first answer.
    pub(crate) cold: Duration,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    /// Peak of resident memory, in KiB.
    pub(crate) peak: u64,
}

pub(crate) async fn sized(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    memory: u64,
    count: usize,
) -> Result<Sized, Failure> {
    let first = series(Part::Memory, usize::try_from(memory)?);
    let binary = binaries.function(case.function);
    let (cold, answer, mut function, share) =
        cold_start(&binary, world, case.event(world, first)?, Some(memory)).await?;
    case.check(&answer)?;
    let first = first.saturating_add(1);
    let mut times = Vec::new();
    for number in first..first.saturating_add(count) {
        times.push(send(&mut function, world, case, number).await?);
    }
    let peak = function.memory()?.peak;
    function.end().await?;
    drop(share);
    Ok(Sized { cold: cold.answer, median: quantile(times.clone(), 50), p99: quantile(times, 99), peak })
}

/// The compressed size of a binary, in bytes.
pub(crate) fn compressed_size(binary: &Path) -> Result<u64, Failure> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(&std::fs::read(binary)?)?;
    Ok(u64::try_from(deflated.finish()?.len())?)
}

/// The cases of the part `memory`: a read, a write and a hash.
pub(crate) const SIZED: [Case; 3] = [PRODUCT, RECEIPT, LOGIN];
