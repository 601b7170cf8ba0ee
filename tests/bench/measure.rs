//! Has functions answer, and looks at what that took.

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

/// Requests before it is looked at: connections, caches and leases of limits are there then.
const WARM: usize = 50;

/// Where the binaries are.
#[derive(Debug)]
pub(crate) struct Binaries {
    /// The functions'.
    pub(crate) functions: PathBuf,
    /// The function's that does nothing.
    pub(crate) empty: PathBuf,
    /// The function's that makes the calls of a read and nothing of them.
    pub(crate) bare: PathBuf,
}

impl Binaries {
    fn function(&self, name: &str) -> PathBuf {
        self.functions.join(name)
    }
}

/// What requests of one kind took.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Of the processor, each.
    pub(crate) processor: Duration,
    /// Until the answer, half of them at most.
    pub(crate) median: Duration,
    /// Until the answer, 99 of 100 at most.
    pub(crate) p99: Duration,
    /// Of memory, at the end.
    pub(crate) memory: Memory,
}

/// Where the numbers of a series of requests begin. Every series has its own, and with them keys that nobody has used.
pub(crate) fn series(part: Part, index: usize) -> usize {
    // A series has fewer than a million, and a part fewer than ten thousand series.
    (part as usize).saturating_mul(10_000).saturating_add(index).saturating_mul(1_000_000)
}

/// The value that this share of them does not exceed.
pub(crate) fn quantile(mut values: Vec<Duration>, percent: usize) -> Duration {
    values.sort_unstable();
    let index = values.len().saturating_sub(1).saturating_mul(percent).div_ceil(100);
    values.get(index).copied().unwrap_or_default()
}

fn each(total: Duration, count: usize) -> Duration {
    total.checked_div(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or_default()
}

async fn ask(function: &mut Function, world: &World, case: &Case, number: usize) -> Result<Duration, Failure> {
    let event = case.event(world, number)?;
    let before = Instant::now();
    let answer = function.invoke(event).await?;
    let took = before.elapsed();
    case.check(&answer)?;
    Ok(took)
}

/// A process of the case's function that has answered some requests, numbered from `first`.
async fn warm(binaries: &Binaries, world: &World, case: &Case, first: usize) -> Result<Function, Failure> {
    let mut function = Function::start(&binaries.function(case.function), &world.settings).await?;
    for number in first..first.saturating_add(WARM) {
        ask(&mut function, world, case, number).await?;
    }
    Ok(function)
}

/// One process that answers `count` requests, the numbers of which begin at `first`.
pub(crate) async fn processor(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    first: usize,
    count: usize,
) -> Result<Taken, Failure> {
    let mut function = warm(binaries, world, case, first).await?;
    let before = function.processor()?;
    let mut times = Vec::with_capacity(count);
    let first = first.saturating_add(WARM);
    for number in first..first.saturating_add(count) {
        times.push(ask(&mut function, world, case, number).await?);
    }
    let processor = each(function.processor()?.saturating_sub(before), count);
    let memory = function.memory()?;
    function.end().await?;
    Ok(Taken { processor, median: quantile(times.clone(), 50), p99: quantile(times, 99), memory })
}

/// What the function that does nothing takes of the processor for a request: how fast this machine is, and what Lambda's
/// runtime takes of every other figure.
pub(crate) async fn nothing(binaries: &Binaries, world: &World, count: usize) -> Result<Duration, Failure> {
    let event = PRODUCT.event(world, 0)?;
    plain(&binaries.empty, world, count, |_| Ok((event.clone(), String::new()))).await
}

/// What the calls of a read take by themselves; none of a case that is no read.
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
    plain(&binaries.bare, world, count, event).await.map(Some)
}

/// The processor time that a function which is not the product's takes for each of `count` events; each comes with the body
/// of its answer.
async fn plain(
    binary: &Path,
    world: &World,
    count: usize,
    event: impl Fn(usize) -> Result<(Bytes, String), Failure>,
) -> Result<Duration, Failure> {
    let mut function = Function::start(binary, &world.settings).await?;
    let mut before = Duration::ZERO;
    for number in 0..WARM.saturating_add(count) {
        if number == WARM {
            before = function.processor()?;
        }
        let (event, body) = event(number)?;
        is_answered(&function.invoke(event).await?, &body)?;
    }
    let taken = each(function.processor()?.saturating_sub(before), count);
    function.end().await?;
    Ok(taken)
}

/// Whether a function which is not the product's has answered with this body.
fn is_answered(answer: &[u8], body: &str) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    let found = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    if found == body { Ok(()) } else { Err(format!("{body:?} was to be answered, not {answer}").into()) }
}

/// As many processes at once: the processor time of one request, and how many were answered in a second by all.
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
        let first = series(Part::Crowd, index).saturating_add(WARM);
        for number in first..first.saturating_add(count) {
            ask(function, world, case, number).await?;
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

/// As many processes write to one level at once: until the last is answered. Every answer has to be a success.
pub(crate) async fn hot(binaries: &Binaries, world: &World, writers: usize) -> Result<Duration, Failure> {
    let mut functions = Vec::new();
    for _ in 0..writers {
        let mut function = Function::start(&binaries.function(HOT.function), &world.settings).await?;
        ask(&mut function, world, &HOT, 0).await?;
        functions.push(function);
    }
    let times = try_join_all(functions.iter_mut().map(|function| ask(function, world, &HOT, 0))).await?;
    for function in functions {
        function.end().await?;
    }
    Ok(times.into_iter().max().unwrap_or_default())
}

/// From the start of a process to its first answer, and the part of it that is the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cold {
    pub(crate) start: Duration,
    pub(crate) answer: Duration,
}

async fn cold(
    binary: &Path,
    world: &World,
    event: Bytes,
    memory: Option<u64>,
) -> Result<(Cold, Bytes, Function, Option<Share>), Failure> {
    let began = Instant::now();
    let mut function = Function::start(binary, &world.settings).await?;
    function.started().await?;
    let start = began.elapsed();
    let share = memory.map(|memory| Share::of(function.id()?, memory)).transpose()?;
    let answer = function.invoke(event).await?;
    let cold = Cold { start, answer: began.elapsed() };
    Ok((cold, answer, function, share))
}

/// Cold starts in turns, the medians: of the function that does nothing, of the one that makes a read's calls if it is a
/// read, of the case's.
pub(crate) async fn from_cold(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    rounds: usize,
) -> Result<(Cold, Option<Cold>, Cold), Failure> {
    let (mut nothing, mut bare, mut something) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let number = series(Part::Cold, round);
        let asked = case.event(world, number)?;
        let (time, _, function, _) = cold(&binaries.empty, world, asked.clone(), None).await?;
        nothing.push(time);
        function.end().await?;
        if let Some((read, items)) = case.bare_event(world, number)? {
            let (time, answer, function, _) = cold(&binaries.bare, world, read, None).await?;
            is_answered(&answer, &items.to_string())?;
            bare.push(time);
            function.end().await?;
        }
        let (time, answer, function, _) = cold(&binaries.function(case.function), world, asked, None).await?;
        case.check(&answer)?;
        something.push(time);
        function.end().await?;
    }
    let median = |times: &[Cold]| Cold {
        start: quantile(times.iter().map(|cold| cold.start).collect(), 50),
        answer: quantile(times.iter().map(|cold| cold.answer).collect(), 50),
    };
    Ok((median(&nothing), (!bare.is_empty()).then(|| median(&bare)), median(&something)))
}

/// What a hash of a password takes of the processor by itself, with the product's own parameters.
pub(crate) fn hash(rounds: usize) -> Result<Duration, Failure> {
    let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
    let before = own_processor()?;
    for _ in 0..rounds {
        hasher.hash(PASSWORD).map_err(|_| "the password cannot be hashed")?;
    }
    Ok(each(own_processor()?.saturating_sub(before), rounds))
}

/// A function with the share of a processor that so many MB bring: its start is at full speed, as on Lambda.
#[derive(Debug)]
pub(crate) struct Sized {
    /// From the start of the process to the first answer.
    pub(crate) cold: Duration,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    /// Of memory, at most.
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
    let (cold, answer, mut function, share) = cold(&binary, world, case.event(world, first)?, Some(memory)).await?;
    case.check(&answer)?;
    let first = first.saturating_add(1);
    let mut times = Vec::new();
    for number in first..first.saturating_add(count) {
        times.push(ask(&mut function, world, case, number).await?);
    }
    let peak = function.memory()?.peak;
    function.end().await?;
    drop(share);
    Ok(Sized { cold: cold.answer, median: quantile(times.clone(), 50), p99: quantile(times, 99), peak })
}

/// How large a function is as Lambda takes it, compressed; in bytes.
pub(crate) fn packed(binary: &Path) -> Result<u64, Failure> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(&std::fs::read(binary)?)?;
    Ok(u64::try_from(deflated.finish()?.len())?)
}

/// The cases that memory is chosen by: a read, a write and a hash.
pub(crate) const SIZED: [Case; 3] = [PRODUCT, RECEIPT, LOGIN];
