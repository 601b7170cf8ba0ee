//! The schedules of the jobs, at the same hours as deployed.

use std::time::Duration;

use stockroom_domain::time::Timestamp;
use stockroom_jobs::Job;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const WEEK: Duration = DAY.saturating_mul(7);
/// The first Sunday of 1970, which began on a Thursday.
const SUNDAY: Duration = DAY.saturating_mul(3);

/// The next run of a job after `now`.
pub(crate) fn next(job: Job, now: Timestamp) -> Timestamp {
    let (every, from) = match job {
        Job::Cleanup => (DAY, HOUR.saturating_mul(2)),
        Job::LowStock => (HOUR, Duration::ZERO),
        Job::WeeklyReport => (WEEK, SUNDAY),
    };
    let first = Timestamp::EPOCH.plus(from);
    if now < first {
        return first;
    }
    let periods = now.since(first).as_secs().checked_div(every.as_secs()).unwrap_or_default();
    first.plus(Duration::from_secs(every.as_secs().saturating_mul(periods.saturating_add(1))))
}

/// The next run of every job.
#[derive(Debug)]
pub(crate) struct Timetable([(Job, Timestamp); 3]);

impl Timetable {
    pub(crate) fn from(now: Timestamp) -> Self {
        Self(Job::ALL.map(|job| (job, next(job, now))))
    }

    /// The due jobs with the time of their run. Several missed runs of a job are one.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<(Job, Timestamp)> {
        let mut due = Vec::new();
        for (job, at) in self.0.iter_mut().filter(|(_, at)| *at <= now) {
            due.push((*job, *at));
            *at = next(*job, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn next_run_is_at_the_deployed_hour() {
        // A Tuesday.
        let now = at("2026-11-24T02:00:00Z");
        assert_eq!(next(Job::Cleanup, now), at("2026-11-25T02:00:00Z"));
        assert_eq!(next(Job::Cleanup, at("2026-11-24T01:59:59.999Z")), now);
        assert_eq!(next(Job::LowStock, at("2026-11-24T02:00:00.001Z")), at("2026-11-24T03:00:00Z"));
        assert_eq!(next(Job::WeeklyReport, now), at("2026-11-29T00:00:00Z"));
        assert_eq!(next(Job::WeeklyReport, at("2026-11-29T00:00:00Z")), at("2026-12-06T00:00:00Z"));
    }

    #[test]
    fn due_gives_each_run_once_and_missed_runs_as_one() {
        let mut timetable = Timetable::from(at("2026-11-24T12:30:00Z"));
        assert_eq!(timetable.due(at("2026-11-24T12:59:59Z")), []);
        assert_eq!(timetable.due(at("2026-11-24T13:00:00Z")), [(Job::LowStock, at("2026-11-24T13:00:00Z"))]);
        assert_eq!(timetable.due(at("2026-11-24T13:00:01Z")), []);
        let late = timetable.due(at("2026-11-25T09:10:00Z"));
        let expected = [(Job::Cleanup, at("2026-11-25T02:00:00Z")), (Job::LowStock, at("2026-11-24T14:00:00Z"))];
        assert_eq!(late, expected);
    }
}
