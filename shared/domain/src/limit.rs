//! Rate limits by the generic cell rate algorithm (GCRA): many processes take tokens from one bucket, one for each
//! request.
//!
//! The state of a bucket is one number, its theoretical arrival time: the moment from which it is full again. Each
//! token moves that time forward by the interval in which one token comes back, so nothing has to refill the bucket.
//! A draw never moves it backward (except for [`MAX_SKEW`]): a draw that arrives late or twice costs tokens and gives
//! none. Only a refund ([`Limit::refund`]) moves it backward, and by no more than the unused tokens that the same
//! process drew.
//!
//! Clocks of processes differ. Over the life of a bucket, it lets through at most the burst and the tokens that came
//! back since its first use. Once, not with every draw, it also lets through the tokens of the time by which clocks
//! differ.
//!
//! One file, because its second half is the tests of these rules.

use std::{ops::RangeInclusive, str::FromStr, time::Duration};

use crate::{fault::Fault, time::Timestamp};

/// The largest expected difference of clocks. An arrival time that is later than that of an empty bucket by more than
/// this came from a wrong clock. The bucket then counts as empty now, so that a wrong clock delays callers by at most
/// this.
pub const MAX_SKEW: Duration = Duration::from_secs(10);

/// A lease is at most one in this many of the remaining tokens.
const LEASE_DIVISOR: u64 = 16;
/// The largest first lease of a process, in tokens.
const MAX_FIRST_LEASE: u64 = 16;
/// The largest lease, in tokens. A lease that is used up before it expires doubles the next one, up to this.
const MAX_LEASE: u64 = 64;

const MICROS: u64 = 1_000_000;

/// The number of requests in a period; all of them can come at once. Written `600/minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    burst: u64,
    window: u64,
}

/// The moment from which a bucket is full, in microseconds since 1970. Zero for a bucket that was never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TheoreticalArrival(pub u64);

/// The number of tokens to draw at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// One, for the request at hand.
    Exactly,
    /// One to `MAX_LEASE`, for this request and later ones.
    Leased,
}

impl Counting {
    /// The maximum number of tokens of a process's next draw. `used_up`: the size of its last lease, if all its tokens
    /// were used.
    #[must_use]
    pub fn max_tokens(self, used_up: Option<u64>) -> u64 {
        match self {
            Self::Exactly => 1,
            Self::Leased => used_up.unwrap_or_default().saturating_mul(2).clamp(MAX_FIRST_LEASE, MAX_LEASE),
        }
    }
}

/// A change of a bucket, valid only while its arrival time is as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The number of tokens that it gives; 0 if it only corrects a wrong clock.
    pub tokens: u64,
    /// The arrival time that the bucket must have; 0 for a bucket that does not exist.
    pub expected: RangeInclusive<u64>,
    /// The change of its arrival time.
    pub change: Change,
}

/// The change of a bucket's arrival time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// To this one, in microseconds since 1970.
    Set(u64),
    /// Later by this number of microseconds.
    Add(u64),
}

impl Limit {
    /// The burst: the maximum number of requests at once.
    #[must_use]
    pub fn burst(self) -> u64 {
        self.burst
    }

    /// The seconds in which an empty bucket becomes full.
    #[must_use]
    pub fn window_seconds(self) -> u64 {
        self.window
    }

    /// The interval in which one token refills, in microseconds, rounded up, so that a limit is slightly too strict.
    fn interval(self) -> u64 {
        self.window.saturating_mul(MICROS).div_ceil(self.burst.max(1))
    }

    fn capacity(self) -> u64 {
        self.interval().saturating_mul(self.burst)
    }

    /// The number of tokens in a bucket with this arrival time.
    #[must_use]
    pub fn left(self, full_at: TheoreticalArrival, now: Timestamp) -> u64 {
        let missing = full_at.0.saturating_sub(micros(now));
        self.capacity().saturating_sub(missing).checked_div(self.interval()).unwrap_or_default()
    }

    /// The time until it has a token.
    #[must_use]
    pub fn wait(self, full_at: TheoreticalArrival, now: Timestamp) -> Duration {
        let one = full_at.0.saturating_add(self.interval()).saturating_sub(self.capacity());
        Duration::from_micros(one.saturating_sub(micros(now)))
    }

    /// The time until it is full, if `in_hand` more tokens were returned to it.
    #[must_use]
    pub fn refill(self, full_at: TheoreticalArrival, in_hand: u64, now: Timestamp) -> Duration {
        let full_at = full_at.0.saturating_sub(self.interval().saturating_mul(in_hand));
        Duration::from_micros(full_at.saturating_sub(micros(now)))
    }

    /// The write that draws from a bucket, last seen with this arrival time; `None` when it is empty. It takes a
    /// sixteenth of the remaining tokens, at least one and at most `max_tokens`.
    #[must_use]
    pub fn draw(self, seen: TheoreticalArrival, now: Timestamp, max_tokens: u64) -> Option<Draw> {
        let (TheoreticalArrival(seen), now, capacity) = (seen, micros(now), self.capacity());
        let empty = now.saturating_add(capacity);
        let skew = u64::try_from(MAX_SKEW.as_micros()).unwrap_or(u64::MAX);
        if seen > empty.saturating_add(skew) {
            return Some(Draw { tokens: 0, expected: seen..=seen, change: Change::Set(empty) });
        }
        let left = empty.saturating_sub(seen.max(now)).checked_div(self.interval()).unwrap_or_default();
        if left == 0 {
            return None;
        }
        let tokens = left.div_euclid(LEASE_DIVISOR).min(max_tokens).max(1);
        let cost = tokens.saturating_mul(self.interval());
        Some(if seen <= now {
            Draw { tokens, expected: 0..=now, change: Change::Set(now.saturating_add(cost)) }
        } else {
            let most = empty.saturating_sub(cost);
            Draw { tokens, expected: now.saturating_add(1)..=most, change: Change::Add(cost) }
        })
    }

    /// The times to store when one more request passes now, so that no period as long as the window has more than the
    /// burst. The bucket of the other methods lets twice as many pass in its first window. `None` when the window is
    /// full.
    #[must_use]
    pub fn within_window(self, let_through: &[Timestamp], now: Timestamp) -> Option<Vec<Timestamp>> {
        let window = Duration::from_secs(self.window);
        let mut recent: Vec<_> = let_through.iter().copied().filter(|moment| moment.plus(window) > now).collect();
        let has_room = u64::try_from(recent.len()).is_ok_and(|taken| taken < self.burst);
        recent.push(now);
        has_room.then_some(recent)
    }

    /// The time until [`within_window`](Self::within_window) lets a request pass.
    #[must_use]
    pub fn wait_within_window(self, let_through: &[Timestamp], now: Timestamp) -> Duration {
        let window = Duration::from_secs(self.window);
        let first = let_through.iter().filter(|moment| moment.plus(window) > now).min();
        first.map_or(Duration::ZERO, |first| first.plus(window).since(now))
    }

    /// The bucket after a refund of unused tokens; `None` when they have already refilled.
    ///
    /// Tokens that refilled since the draw are not refunded. A bucket that would have been full without the draw is
    /// full in either case, and gains no tokens while it is full. So a refund never leaves more tokens than there would
    /// be without the draw, for any number of simultaneous draws and refunds. It is valid only for a bucket that is
    /// exactly as seen.
    #[must_use]
    pub fn refund(
        self,
        seen: TheoreticalArrival,
        tokens: u64,
        drawn_at: Timestamp,
        now: Timestamp,
    ) -> Option<TheoreticalArrival> {
        let came_back = micros(now).saturating_sub(micros(drawn_at));
        let unused = self.interval().saturating_mul(tokens).saturating_sub(came_back);
        (unused > 0).then(|| TheoreticalArrival(seen.0.saturating_sub(unused)))
    }

    /// The largest first lease of a process, in tokens.
    #[must_use]
    pub fn max_first_lease(self) -> u64 {
        self.burst.min(MAX_FIRST_LEASE)
    }
}

fn micros(moment: Timestamp) -> u64 {
    moment.unix_millis().saturating_mul(1_000)
}

impl FromStr for Limit {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let parse = || {
            let (burst, unit) = text.split_once('/')?;
            let window = match unit {
                "second" => 1,
                "minute" => 60,
                "hour" => 60 * 60,
                "day" => 24 * 60 * 60,
                _ => return None,
            };
            let is_number = burst.bytes().all(|byte| byte.is_ascii_digit());
            let burst = burst.parse().ok().filter(|burst| is_number && (1..=1_000_000).contains(burst))?;
            Some(Self { burst, window })
        };
        parse().ok_or_else(|| Fault::new("invalid_format", "must be 1 to 1000000 per second, minute, hour or day"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    type Bucket = TheoreticalArrival;

    const START: u64 = 1_800_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(millis.try_into().unwrap()).unwrap()
    }

    fn limit(text: &str) -> Limit {
        text.parse().unwrap()
    }

    /// The bucket in the table: writes it if it is as expected, otherwise returns it.
    fn done(bucket: &mut Bucket, draw: &Draw) -> bool {
        let is_expected = draw.expected.contains(&bucket.0);
        if is_expected {
            bucket.0 = match draw.change {
                Change::Set(moment) => moment,
                Change::Add(micros) => bucket.0 + micros,
            };
        }
        is_expected
    }

    /// Draws like a process: until it has tokens, or sees an empty bucket.
    fn drawn(bucket: &mut Bucket, seen: Bucket, limit: Limit, now: Timestamp, max_tokens: u64) -> (u64, Bucket) {
        let mut seen = seen;
        while let Some(draw) = limit.draw(seen, now, max_tokens) {
            if done(bucket, &draw) && draw.tokens > 0 {
                return (draw.tokens, *bucket);
            }
            seen = *bucket;
        }
        (0, seen)
    }

    #[test]
    fn parse_of_a_limit_requires_a_number_and_a_unit_of_time() {
        assert_eq!((limit("600/minute").burst(), limit("600/minute").window_seconds()), (600, 60));
        assert_eq!((limit("1/second").window_seconds(), limit("1000000/hour").window_seconds()), (1, 3_600));
        assert_eq!(limit("100/day").window_seconds(), 86_400);
        for bad in ["", "600", "/minute", "0/minute", "-1/minute", "+1/minute", "1.5/hour", "1000001/hour", "5/week"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn within_window_above_the_burst_is_none() {
        let limit = limit("3/hour");
        let mut moments = Vec::new();
        for minute in [0, 10, 20] {
            moments = limit.within_window(&moments, at(START + minute * 60_000)).unwrap();
        }
        let late = at(START + 59 * 60_000);
        assert_eq!(limit.within_window(&moments, late), None);
        assert_eq!(limit.wait_within_window(&moments, late), Duration::from_mins(1));
        let next = limit.within_window(&moments, at(START + 60 * 60_000)).unwrap();
        assert_eq!(next.len(), 3, "times outside the window are removed");
    }

    #[test]
    fn lease_size_shrinks_with_the_remaining_tokens() {
        let (limit, now, mut bucket) = (limit("300/minute"), at(START), Bucket::default());
        let mut leases = Vec::new();
        while let (tokens @ 1.., _) = drawn(&mut bucket, Bucket::default(), limit, now, MAX_FIRST_LEASE) {
            leases.push(tokens);
        }
        assert_eq!(leases.iter().sum::<u64>(), 300);
        assert_eq!((leases.first(), leases.last()), (Some(&16), Some(&1)));
        assert!(leases.is_sorted_by(|one, next| one >= next), "{leases:?}");
        assert_eq!(limit.wait(bucket, now), Duration::from_millis(200));
    }

    #[test]
    fn max_tokens_after_a_used_up_lease_doubles() {
        let sizes = [None, Some(5), Some(16), Some(32), Some(64)].map(|used_up| Counting::Leased.max_tokens(used_up));
        assert_eq!(sizes, [16, 16, 32, 64, 64]);
        assert_eq!(Counting::Exactly.max_tokens(Some(16)), 1);
        let draw = |most| limit("600/minute").draw(Bucket::default(), at(START), most).unwrap().tokens;
        assert_eq!([1, 16, 32, 64].map(draw), [1, 16, 32, 37], "a sixteenth of 600 at most");
    }

    #[test]
    fn draw_after_one_by_a_fast_clock_recovers_within_the_window() {
        let (limit, mut bucket) = (limit("5/hour"), Bucket::default());
        let tomorrow = at(START + 24 * 60 * 60 * 1_000);
        while drawn(&mut bucket, Bucket::default(), limit, tomorrow, 1).0 > 0 {}
        assert_eq!(drawn(&mut bucket, Bucket::default(), limit, at(START), 1).0, 0);
        assert_eq!(limit.wait(bucket, at(START)), Duration::from_mins(12));
        let later = at(START + 12 * 60 * 1_000);
        assert_eq!(drawn(&mut bucket, Bucket::default(), limit, later, 1).0, 1);
    }

    fn limits() -> impl Strategy<Value = Limit> {
        let window = prop_oneof![Just(1), Just(60), Just(3_600)];
        let burst = prop_oneof![1_u64..20, 1_u64..1_000, Just(1_000_000)];
        (burst, window).prop_map(|(burst, window)| Limit { burst, window })
    }

    fn max_tokens() -> impl Strategy<Value = u64> {
        prop_oneof![Just(1), Just(MAX_LEASE)]
    }

    /// One process draws, after this number of milliseconds.
    #[derive(Debug, Clone)]
    struct Step {
        pause: u64,
        process: usize,
        /// The reply is lost: the process has no tokens, and draws again.
        is_lost: bool,
        /// A copy of the last draw of all processes arrives late.
        is_repeated: bool,
        max_tokens: u64,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let pause = prop_oneof![6 => Just(0), 3 => 0_u64..50, 1 => 0_u64..5_000];
        let step = (pause, 0_usize..8, prop::bool::weighted(0.1), prop::bool::weighted(0.1), max_tokens());
        let step = step.prop_map(|(pause, process, is_lost, is_repeated, max_tokens)| Step {
            pause,
            process,
            is_lost,
            is_repeated,
            max_tokens,
        });
        vec(step, 1..400)
    }

    /// Steps, each with two settings: whether it refunds all that the process has left, and how many tokens a draw
    /// uses.
    fn refunding_steps() -> impl Strategy<Value = Vec<(Step, bool, u64)>> {
        let with_refund = |step: Step| (Just(step), prop::bool::weighted(0.4), 0_u64..4);
        steps().prop_flat_map(move |steps| steps.into_iter().map(with_refund).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn draws_never_exceed_the_burst_and_the_refill(
            limit in limits(),
            skews in vec(0_u64..10_000, 8),
            steps in steps(),
        ) {
            let spread = skews.iter().max().unwrap() - skews.iter().min().unwrap();
            let (mut bucket, mut elapsed, mut given) = (Bucket::default(), 0, 0);
            let mut seen = [Bucket::default(); 8];
            let mut last: Option<Draw> = None;
            for step in steps {
                elapsed += step.pause;
                let now = at(START + elapsed + skews[step.process]);
                if step.is_repeated && let Some(draw) = &last {
                    done(&mut bucket, draw);
                }
                // The process may have seen an old state; its writes must be right all the same.
                last = limit.draw(seen[step.process], now, step.max_tokens);
                let (tokens, moment) = drawn(&mut bucket, seen[step.process], limit, now, step.max_tokens);
                if !step.is_lost {
                    seen[step.process] = moment;
                    given += tokens;
                }
                let came_back = (elapsed + spread) * limit.burst / (limit.window * 1_000);
                prop_assert!(
                    given <= limit.burst + came_back,
                    "{given} of {limit:?} after {elapsed} ms, {spread} ms apart"
                );
            }
        }

        #[test]
        fn refunds_never_create_tokens(
            limit in limits(),
            skews in vec(0_u64..10_000, 8),
            steps in refunding_steps(),
        ) {
            let spread = skews.iter().max().unwrap() - skews.iter().min().unwrap();
            let (mut bucket, mut elapsed, mut given) = (Bucket::default(), 0, 0);
            // The unused tokens of each process, with the time of the draw by its own clock.
            let mut unused: [Vec<(u64, Timestamp)>; 8] = Default::default();
            for (step, is_refund, used) in steps {
                elapsed += step.pause;
                let now = at(START + elapsed + skews[step.process]);
                if is_refund {
                    for (tokens, drawn_at) in unused[step.process].drain(..) {
                        bucket = limit.refund(bucket, tokens, drawn_at, now).unwrap_or(bucket);
                    }
                    continue;
                }
                let seen = bucket;
                let (tokens, _) = drawn(&mut bucket, seen, limit, now, step.max_tokens);
                given += tokens.min(used);
                unused[step.process].push((tokens.saturating_sub(used), now));
                let came_back = (elapsed + spread) * limit.burst / (limit.window * 1_000);
                prop_assert!(
                    given <= limit.burst + came_back,
                    "{given} of {limit:?} after {elapsed} ms, {spread} ms apart"
                );
            }
        }

        #[test]
        fn refund_right_after_a_draw_restores_the_bucket(
            limit in limits(),
            moment in START..START + 8_000_000,
            step in 0_u64..4_000_000,
        ) {
            let now = at(START + step);
            let before = TheoreticalArrival(moment * 1_000);
            if let Some(draw) = limit.draw(before, now, MAX_LEASE) && draw.tokens > 0 {
                let mut bucket = before;
                prop_assert!(done(&mut bucket, &draw));
                let after = limit.refund(bucket, draw.tokens, now, now).unwrap();
                prop_assert_eq!(limit.left(after, now), limit.left(before, now));
                prop_assert_eq!(after.0, before.0.max(micros(now)));
            }
        }

        #[test]
        fn exact_draws_of_one_process_get_every_token(limit in limits(), pauses in vec(0_u64..2_000, 1..200)) {
            let limit = Limit { burst: limit.burst.min(200), ..limit };
            let (mut bucket, mut now) = (Bucket::default(), START);
            for pause in pauses {
                now += pause;
                while limit.left(bucket, at(now)) > 0 {
                    prop_assert_eq!(drawn(&mut bucket, Bucket::default(), limit, at(now), 1).0, 1);
                }
                prop_assert_eq!(drawn(&mut bucket, Bucket::default(), limit, at(now), 1).0, 0);
                let wait = u64::try_from(limit.wait(bucket, at(now)).as_micros()).unwrap();
                prop_assert!(wait > 0 && wait <= limit.interval());
                prop_assert_eq!(limit.left(bucket, at(now + wait.div_ceil(1_000))).min(1), 1);
                prop_assert_eq!(limit.left(bucket, at(now + (wait - 1) / 1_000)), 0);
            }
        }

        #[test]
        fn draw_never_moves_the_arrival_time_back(
            limit in limits(),
            moment in START..START + 8_000_000,
            step in 0_u64..4_000_000,
        ) {
            let now = at(START + step);
            let bucket = TheoreticalArrival(moment * 1_000);
            if let Some(draw) = limit.draw(bucket, now, MAX_LEASE) && draw.tokens > 0 {
                let mut after = bucket;
                prop_assert!(done(&mut after, &draw));
                prop_assert!(after > bucket);
                prop_assert!(after.0 <= micros(now) + limit.capacity());
            }
        }
    }
}
