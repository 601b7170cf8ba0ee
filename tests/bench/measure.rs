//! Calls functions and measures time, processor and memory.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use flate2::{Compression, write::DeflateEncoder};
use futures_util::future::try_join_all;
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
    /// The function that only makes the table calls.
    pub(crate) bare: PathBuf,
}

impl Binaries {
    /// The program that answers the requests of a case.
    pub(crate) fn of(&self, case: &Case, program: Program) -> PathBuf {
        match program {
            Program::Product => self.functions.join(case.function),
            Program::Bare | Program::BareFirst => self.bare.clone(),
        }
    }
}

/// A measured program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The function of the product.
    Product,
    /// The function that makes the same table calls and nothing else.
    Bare,
    /// The bare function with the calls of a process's first request, which also counts against two rate limits.
    BareFirst,
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

/// Sends the n-th request of a case and checks its answer.
pub(crate) async fn send(
    function: &mut Function,
    world: &World,
    case: &Case,
    program: Program,
    number: usize,
) -> Result<Duration, Failure> {
    let event = case.event(world, number)?;
    let before = Instant::now();
    let answer = function.invoke(event).await?;
    let took = before.elapsed();
    case.check(world, program, &answer)?;
    Ok(took)
}

/// A process after its warm-up, whose requests are numbered from `first`.
async fn warm(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    program: Program,
    first: usize,
) -> Result<Function, Failure> {
    let mut function = Function::start(&binaries.of(case, program), case.settings(world, program)).await?;
    for number in first..first.saturating_add(WARM_UP) {
        send(&mut function, world, case, program, number).await?;
    }
    Ok(function)
}

/// Measures one process that answers `count` requests, numbered from `first`.
pub(crate) async fn processor(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    program: Program,
    first: usize,
    count: usize,
) -> Result<Measured, Failure> {
    let mut function = warm(binaries, world, case, program, first).await?;
    let before = function.processor()?;
    let mut times = Vec::with_capacity(count);
    let first = first.saturating_add(WARM_UP);
    for number in first..first.saturating_add(count) {
        times.push(send(&mut function, world, case, program, number).await?);
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
    let mut function = Function::start(&binaries.empty, world.settings_of(PRODUCT.function)).await?;
    let mut before = Duration::ZERO;
    for number in 0..WARM_UP.saturating_add(count) {
        if number == WARM_UP {
            before = function.processor()?;
        }
        function.invoke(event.clone()).await?;
    }
    let taken = each(function.processor()?.saturating_sub(before), count);
    function.end().await?;
    Ok(taken)
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
        functions.push(warm(binaries, world, case, Program::Product, series(Part::Crowd, index)).await?);
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
            send(function, world, case, Program::Product, number).await?;
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
        let mut function =
            Function::start(&binaries.of(&HOT, Program::Product), world.settings_of(HOT.function)).await?;
        send(&mut function, world, &HOT, Program::Product, 0).await?;
        functions.push(function);
    }
    let times =
        try_join_all(functions.iter_mut().map(|function| send(function, world, &HOT, Program::Product, 0))).await?;
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
    binaries: &Binaries,
    world: &World,
    case: &Case,
    program: Program,
    number: usize,
    memory: Option<u64>,
) -> Result<(ColdStart, Function, Option<Share>), Failure> {
    let event = case.event(world, number)?;
    let began = Instant::now();
    let mut function = Function::start(&binaries.of(case, program), case.settings(world, program)).await?;
    function.idle().await?;
    let start = began.elapsed();
    let share = memory.map(|memory| Share::of(function.id()?, memory)).transpose()?;
    let answer = function.invoke(event).await?;
    let cold = ColdStart { start, answer: began.elapsed() };
    case.check(world, program, &answer)?;
    Ok((cold, function, share))
}

/// Medians of cold starts of the function of the case, and of the bare function if the case has one. They are measured
/// in turns.
pub(crate) async fn cold_starts(
    binaries: &Binaries,
    world: &World,
    case: &Case,
    rounds: usize,
) -> Result<Vec<ColdStart>, Failure> {
    let programs: &[_] = if case.has_bare() { &[Program::Product, Program::BareFirst] } else { &[Program::Product] };
    let mut times = vec![Vec::new(); programs.len()];
    for round in 0..rounds {
        let number = series(Part::Cold, round);
        for (program, times) in programs.iter().zip(&mut times) {
            let (time, function, _) = cold_start(binaries, world, case, *program, number, None).await?;
            times.push(time);
            function.end().await?;
        }
    }
    let median = |times: Vec<ColdStart>| ColdStart {
        start: quantile(times.iter().map(|cold| cold.start).collect(), 50),
        answer: quantile(times.iter().map(|cold| cold.answer).collect(), 50),
    };
    Ok(times.into_iter().map(median).collect())
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
    let program = Program::Product;
    let (cold, mut function, share) = cold_start(binaries, world, case, program, first, Some(memory)).await?;
    let first = first.saturating_add(1);
    let mut times = Vec::new();
    for number in first..first.saturating_add(count) {
        times.push(send(&mut function, world, case, program, number).await?);
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
