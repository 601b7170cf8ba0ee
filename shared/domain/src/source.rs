//! Sources of time and randomness, passed in at the start.

use std::{fmt, sync::Arc};

use crate::{id::Id, time::Timestamp};

/// A clock.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the randomness of one process.
#[derive(Clone)]
pub struct Sources {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Sources {
    /// Joins clock and randomness.
    pub fn new(clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Self {
        Self { clock: Arc::new(clock), entropy: Arc::new(entropy) }
    }

    /// The same randomness with another clock.
    #[must_use]
    pub fn with_clock(&self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), entropy: Arc::clone(&self.entropy) }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id that sorts by `at`.
    #[must_use]
    pub fn id<I: Id>(&self, at: Timestamp) -> I {
        I::from_parts(at, self.bytes())
    }

    /// A new id that sorts by `at` and, within a millisecond, by the last 12 bits of `order` (RFC 9562, 6.2, method 1).
    #[must_use]
    pub fn id_in_order<I: Id>(&self, at: Timestamp, order: u64) -> I {
        let mut random: [u8; 10] = self.bytes();
        let [high, low] = u16::try_from(order & 0x0fff).unwrap_or_default().to_be_bytes();
        let [first, second, ..] = &mut random;
        (*first, *second) = (high, low);
        I::from_parts(at, random)
    }

    /// Unpredictable bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, sufficiently uniform for jitter and shards; 0 when `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes()).checked_rem(bound).unwrap_or_default()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
