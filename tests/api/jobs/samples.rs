//! The samples of schedules and queues in `events/`: they have AWS's form, and the jobs answer them.

use aws_lambda_events::{eventbridge::EventBridgeEvent, sqs::SqsEvent};
use serde_json::{Value, json};
use stockroom_harness::Stack;
use stockroom_jobs::Job;

use super::{cleanup, failed, low_stock, weekly_report};
use crate::bus::TestTransport;

fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn every_job_answers_its_sample_schedule_and_batch() {
    let (stack, mailer) = (Stack::start().await, TestTransport::default());
    for job in Job::ALL {
        let (schedule, batch) = (sample(job.name()), sample(&format!("{}-due", job.name())));
        let typed: EventBridgeEvent = serde_json::from_value(schedule.clone()).unwrap();
        assert_eq!((typed.source.as_str(), typed.time.is_some()), ("aws.scheduler", true));
        let typed: SqsEvent = serde_json::from_value(batch.clone()).unwrap();
        let first: EventBridgeEvent = serde_json::from_str(typed.records[0].body.as_ref().unwrap()).unwrap();
        assert_eq!((first.source.as_str(), first.detail_type.as_str()), ("stockroom.jobs", job.event_type()));

        let (scheduled, worked) = match job {
            Job::Cleanup => {
                let (worker, _) = cleanup(&stack);
                (worker.handle(schedule).await, worker.handle(batch).await)
            }
            Job::LowStock => {
                let worker = low_stock(&stack, &mailer);
                (worker.handle(schedule).await, worker.handle(batch).await)
            }
            Job::WeeklyReport => {
                let worker = weekly_report(&stack, &mailer);
                (worker.handle(schedule).await, worker.handle(batch).await)
            }
        };
        assert_eq!(scheduled.unwrap(), json!({"organizations": 0}), "{}", job.name());
        // No mail is sent for an unknown organization.
        assert_eq!(failed(&worked.unwrap()), [""; 0], "{}", job.name());
    }
    assert_eq!(mailer.recipients().len(), 0);
}
