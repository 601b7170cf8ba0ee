//! Instructions of requests and cold starts, counted by callgrind, and their snapshot.
//!
//! Unlike times, they repeat on every machine with the same processor architecture and C library.

use std::{
    env,
    fmt::{self, Display},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Part,
    cases::{CASES, COLD, COLD_START_BAR, Case},
    measure::{Binaries, Program, send, series},
    process::Function,
    world::{Failure, World},
};

/// The products of the table: more than any page shows.
pub(crate) const PRODUCTS: usize = 120;

/// The first words of the snapshot, before the architecture.
const TITLE: &str = "# Thousands of instructions on ";

/// Percent by which a figure may exceed the snapshot.
const TOLERANCE: u64 = 5;

/// The instructions of one kind of request or start.
#[derive(Debug)]
struct Figure {
    name: String,
    /// In thousands.
    product: u64,
    /// Thousands of instructions of the bare function; `None` for sign-in.
    bare: Option<u64>,
    /// The largest ratio of the two, in percent.
    bar: Option<u64>,
}

/// The figures of one run.
#[derive(Debug)]
pub(crate) struct Instructions(Vec<Figure>);

/// Counts every case. The profiles stay in a directory beside the binaries, for `callgrind_annotate`.
pub(crate) async fn count(binaries: &Binaries, world: &World) -> Result<Instructions, Failure> {
    let profiles = binaries.functions.join("instructions");
    fs::create_dir_all(&profiles)?;
    let mut counter = Counter { binaries, world, profiles, series: 0 };
    let mut figures = Vec::new();
    for case in CASES {
        let product = counter.warm(&case, Program::Product).await?;
        let mut figure = Figure { name: case.name.to_owned(), product, bare: None, bar: None };
        if case.has_bare() {
            figure.bare = Some(counter.warm(&case, Program::Bare).await?);
            figure.bar = Some(case.bar);
        }
        figures.push(figure);
    }
    for case in COLD {
        let name = |what: &str| format!("{}: {what}", case.name);
        let [start, answer] = counter.cold(&case, Program::Product).await?;
        let [bare_start, bare_answer] = counter.cold(&case, Program::BareFirst).await?;
        figures.push(Figure { name: name("start"), product: start, bare: Some(bare_start), bar: None });
        let bar = Some(COLD_START_BAR);
        figures.push(Figure { name: name("start and first answer"), product: answer, bare: Some(bare_answer), bar });
    }
    Ok(Instructions(figures))
}

struct Counter<'a> {
    binaries: &'a Binaries,
    world: &'a World,
    profiles: PathBuf,
    /// The number of counted processes.
    series: usize,
}

impl Counter<'_> {
    /// Thousands of instructions of one request, without the start and the first requests of its process.
    async fn warm(&mut self, case: &Case, program: Program) -> Result<u64, Failure> {
        // The longer process ends before the leases of its rate-limit tokens expire.
        // A sign-in hashes a password, which takes far more instructions.
        let [few, many] = if case.has_bare() { [20, 100] } else { [2, 6] };
        let (less, more) = (self.process(case, program, few).await?, self.process(case, program, many).await?);
        let requests = u64::try_from(many.saturating_sub(few))?.max(1);
        let counted = more.checked_sub(less).filter(|counted| *counted > 0);
        Ok(counted.ok_or("the longer series took fewer instructions")? / requests.saturating_mul(1_000))
    }

    /// Thousands of instructions of a start, and of a start with its first answer.
    async fn cold(&mut self, case: &Case, program: Program) -> Result<[u64; 2], Failure> {
        let [start, answer] = [self.process(case, program, 0).await?, self.process(case, program, 1).await?];
        Ok([start / 1_000, answer / 1_000])
    }

    /// All instructions of a process that answers this many requests.
    async fn process(&mut self, case: &Case, program: Program, requests: usize) -> Result<u64, Failure> {
        let first = series(Part::Instructions, self.series);
        self.series = self.series.saturating_add(1);
        let binary = self.binaries.of(case, program);
        let profile = self.profiles.join(format!("{}.{program:?}.{requests}.out", self.series));
        // A profile of an earlier run must not be read.
        if profile.exists() {
            fs::remove_file(&profile)?;
        }
        let mut function = Function::start_counted(&binary, case.settings(self.world, program), &profile).await?;
        function.idle().await?;
        for number in first..first.saturating_add(requests) {
            send(&mut function, self.world, case, program, number).await?;
            function.idle().await?;
        }
        function.terminate().await?;
        total(&profile)
    }
}

/// The sum of all instructions in a profile of callgrind.
fn total(profile: &Path) -> Result<u64, Failure> {
    let text = fs::read_to_string(profile)?;
    let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.ok_or_else(|| format!("{} has no total", profile.display()))?.trim().parse()?)
}

/// The path of the snapshot.
fn snapshot() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.snap")
}

impl Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, product, bare, bar } = self;
        write!(f, "{name:<60} {product:>7}")?;
        if let (Some(bare), Some(ratio)) = (bare, self.ratio()) {
            write!(f, " {bare:>7} {:>4}.{:03}", ratio / 1_000, ratio % 1_000)?;
        }
        if let Some(bar) = bar {
            write!(f, " {:>2}.{:02}", bar / 100, bar % 100)?;
        }
        Ok(())
    }
}

impl Figure {
    /// The ratio to the bare function, in thousandths.
    fn ratio(&self) -> Option<u64> {
        self.product.saturating_mul(1_000).checked_div(self.bare?)
    }

    /// The failure, if the ratio exceeds its bar.
    fn exceeded(&self) -> Option<String> {
        let (bare, bar) = (self.bare?, self.bar?);
        let is_exceeded = self.product.saturating_mul(100) > bare.saturating_mul(bar);
        is_exceeded.then(|| format!("{}: the ratio to the bare function exceeds its bar", self.name))
    }

    /// The failure, if the figure is above that of the snapshot.
    fn grown(&self, snapshot: &str) -> Option<String> {
        let Self { name, product, .. } = self;
        let line = snapshot.lines().find_map(|line| line.strip_prefix(name.as_str())?.strip_prefix("  "));
        let before = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        let Some(before) = before else { return Some(format!("{name}: missing in the snapshot")) };
        let is_grown = product.saturating_mul(100) > before.saturating_mul(TOLERANCE.saturating_add(100));
        is_grown.then(|| {
            format!("{name}: {product} thousand instructions, more than {TOLERANCE}% above {before} in the snapshot")
        })
    }
}

impl Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{TITLE}{}, counted by `cargo bench -- instructions`.\n\
             # \"bare\" makes the same calls of the table and nothing else. \"bar\" is the largest ratio.\n\n\
             {:<60} {:>7} {:>7} {:>8} {:>5}",
            env::consts::ARCH,
            "",
            "product",
            "bare",
            "ratio",
            "bar"
        )?;
        self.0.iter().try_for_each(|figure| writeln!(f, "{figure}"))
    }
}

impl Instructions {
    /// Writes the snapshot.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        Ok(fs::write(snapshot(), self.to_string())?)
    }

    /// Fails if a ratio exceeds its bar, a figure the snapshot by more than the tolerance, or the snapshot has other
    /// figures. A snapshot of another architecture is not compared.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let snapshot = fs::read_to_string(snapshot())?;
        let (title, rest) = snapshot.split_once('\n').unwrap_or_default();
        let architecture = title.strip_prefix(TITLE).and_then(|rest| rest.split(',').next());
        let architecture = architecture.ok_or("instructions.snap has no title: write it again")?;
        let mut failures: Vec<String> = self.0.iter().filter_map(Figure::exceeded).collect();
        if architecture == env::consts::ARCH {
            let before = failures.len();
            failures.extend(self.0.iter().filter_map(|figure| figure.grown(rest)));
            let known = rest.lines().filter(|line| !line.starts_with(['#', ' ']) && !line.is_empty()).count();
            if known != self.0.len() {
                failures.push(format!("the snapshot has {known} figures instead of {}", self.0.len()));
            }
            if failures.len() > before {
                failures.push("To accept these figures, run `cargo bench -- instructions`.".to_owned());
            }
        } else {
            println!("The snapshot is of {architecture}: only the ratios were compared.");
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
    }
}
