//! A clock that a test sets, and randomness that repeats.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use stockroom_domain::{
    source::{Clock, Entropy},
    time::Timestamp,
};

const START: &str = "2026-11-23T09:00:00Z";

/// A clock that the test controls. It starts on 2026-11-23 at 09:00 UTC and advances by a millisecond at each reading,
/// so that later events have later times without waiting. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    millis: AtomicU64,
    step: AtomicU64,
}

impl Default for TestClock {
    fn default() -> Self {
        Self::at(START.parse().unwrap())
    }
}

impl TestClock {
    /// A clock that starts at this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(Hands { millis: moment.unix_millis().into(), step: 1.into() }))
    }

    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        self.0.millis.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, to: Timestamp) {
        self.0.millis.store(to.unix_millis(), Ordering::SeqCst);
    }

    /// Stops the clock between calls of [`advance`](Self::advance) and [`set`](Self::set).
    pub fn stop(&self) {
        self.0.step.store(0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let step = self.0.step.load(Ordering::SeqCst);
        let millis = self.0.millis.fetch_add(step, Ordering::SeqCst);
        Timestamp::from_unix_millis(millis.try_into().unwrap()).unwrap()
    }
}

/// Pseudorandom bytes that repeat with the seed. Streams of one seed are independent.
pub struct SeededEntropy(Mutex<ChaCha20Rng>);

impl SeededEntropy {
    /// One stream of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(Mutex::new(random))
    }

    /// True in this percentage of calls.
    pub(crate) fn happens(&self, percent: u32) -> bool {
        self.0.lock().unwrap().next_u32() % 100 < percent
    }

    /// A random element.
    pub(crate) fn pick<T: Copy>(&self, choices: &[T]) -> Option<T> {
        let drawn = self.0.lock().unwrap().next_u64();
        choices.get(usize::try_from(drawn.checked_rem(choices.len() as u64)?).unwrap()).copied()
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededEntropy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_advances_by_a_millisecond_until_the_clock_is_stopped() {
        let clock = TestClock::default();
        let first = clock.now();
        assert_eq!(first.to_string(), "2026-11-23T09:00:00.000Z");
        assert_eq!(clock.now().since(first), Duration::from_millis(1));
        clock.stop();
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.now().since(first), Duration::from_millis(60_002));
        assert_eq!(clock.now(), clock.clone().now());
    }

    #[test]
    fn draw_with_a_seed_repeats_and_differs_by_stream() {
        let draw = |seed, stream| {
            let mut bytes = [0; 16];
            SeededEntropy::new(seed, stream).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }
}
