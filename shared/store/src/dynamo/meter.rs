//! The cost of a request at the table.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Counts the calls of one request; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Vec<Call>>>);

#[derive(Debug, Clone, Copy)]
struct Call {
    started: Instant,
    ended: Instant,
    read_halves: u64,
    write_halves: u64,
}

/// The sum of a request's calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The number of calls, including parallel ones.
    pub calls: usize,
    /// Round trips: the longest chain of calls in which each began after the previous one ended.
    pub round_trips: usize,
    /// Read request units as the table reports them, in halves: an eventually consistent read of 4 KB is one half.
    pub read_halves: u64,
    /// Write request units, in halves.
    pub write_halves: u64,
}

impl Meter {
    pub(crate) fn record<'a>(
        &self,
        started: Instant,
        ended: Instant,
        write: bool,
        capacities: impl IntoIterator<Item = &'a ConsumedCapacity>,
    ) {
        let halves = capacities.into_iter().filter_map(ConsumedCapacity::capacity_units).map(halves).sum();
        let (read_halves, write_halves) = if write { (0, halves) } else { (halves, 0) };
        let call = Call { started, ended, read_halves, write_halves };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// The cost so far.
    #[must_use]
    pub fn cost(&self) -> Cost {
        cost(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The cost so far; resets it.
    pub(crate) fn take(&self) -> Cost {
        cost(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn cost(mut calls: Vec<Call>) -> Cost {
    calls.sort_by_key(|call| call.ended);
    let mut cost = Cost { calls: calls.len(), ..Cost::default() };
    let mut last_end = None;
    for call in calls {
        cost.read_halves = cost.read_halves.saturating_add(call.read_halves);
        cost.write_halves = cost.write_halves.saturating_add(call.write_halves);
        if last_end.is_none_or(|end| call.started >= end) {
            cost.round_trips = cost.round_trips.saturating_add(1);
            last_end = Some(call.ended);
        }
    }
    cost
}

#[expect(clippy::float_arithmetic, reason = "the table reports units as a float with one binary decimal")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small and not negative")]
fn halves(units: f64) -> u64 {
    (units * 2.0).round() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn cost_of_parallel_calls_is_one_round_trip() {
        let meter = Meter::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for (from, to) in [(0, 10), (1, 12), (12, 20), (13, 14)] {
            meter.record(at(from), at(to), false, []);
        }
        assert_eq!((meter.cost().calls, meter.cost().round_trips), (4, 2));
    }
}
