//! Emails about stock: low levels, and the weekly report.

use std::time::Duration;

use askama::Template;
use stockroom_domain::{
    organization::Organization,
    purchasing::PurchaseRequest,
    quantity::Quantity,
    report::{MovementTotals, Total, Week},
    time::Timestamp,
};
use stockroom_store::{Excerpt, LevelView, LowStock};

use super::{ContentKind, plural};
use crate::{
    quoted::{named, value},
    transport::Content,
};

/// An email about levels that became low or still are.
#[derive(Debug)]
pub struct LowStockEmail<'a> {
    /// The organization of the levels.
    pub organization: &'a Organization,
    /// The levels to report; at least one.
    pub low: &'a LowStock,
}

/// The weekly report.
#[derive(Debug)]
pub struct WeeklyReportEmail<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The week of the report.
    pub week: Week,
    /// The movements of the week.
    pub totals: MovementTotals,
    /// The movements of the week before.
    pub before: MovementTotals,
    /// The levels that are low now.
    pub low: &'a Excerpt<LevelView>,
    /// The purchase requests that wait for a decision now.
    pub waiting: &'a Excerpt<PurchaseRequest>,
    /// The present time.
    pub now: Timestamp,
}

/// A low level as the email shows it.
struct Shortage {
    product: String,
    sku: String,
    warehouse: String,
    unit: String,
    on_hand: String,
    minimum: String,
    missing: String,
    usual_order: Option<String>,
}

impl From<&LevelView> for Shortage {
    fn from(level: &LevelView) -> Self {
        let minimum = level.min_stock_level;
        Self {
            product: value(&level.product_name),
            sku: value(&level.sku),
            warehouse: value(&level.warehouse_name),
            unit: value(&level.unit),
            on_hand: level.on_hand.grouped(),
            minimum: minimum.grouped(),
            missing: minimum.minus(level.on_hand).unwrap_or(minimum).grouped(),
            usual_order: level.reorder_quantity.filter(|quantity| quantity.is_positive()).map(Quantity::grouped),
        }
    }
}

#[derive(Template)]
#[template(path = "low_stock.html")]
struct LowStockHtml<'a>(&'a LowStockView<'a>);

#[derive(Template)]
#[template(path = "low_stock.txt")]
struct LowStockPlain<'a>(&'a LowStockView<'a>);

struct LowStockView<'a> {
    organization: String,
    headline: &'a str,
    sentence: String,
    shortages: Vec<Shortage>,
    more: usize,
}

impl LowStockEmail<'_> {
    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let Self { organization, low } = *self;
        // Levels that were replenished since they were found are not among these.
        let reported = low.levels.len().saturating_add(low.more);
        let (headline, sentence) = match (low.is_reminder, low.fresh) {
            (true, fresh) => (
                plural(reported, "level is below its minimum", "levels are below their minimum"),
                match fresh {
                    0 => "All of them were reported before and are still low.".to_owned(),
                    fresh => format!("{fresh} of them became low since the last mail."),
                },
            ),
            (false, fresh) => (
                plural(reported, "level has fallen below its minimum", "levels have fallen below their minimum"),
                match low.count.saturating_sub(fresh) {
                    0 => "No other level is low.".to_owned(),
                    others => {
                        format!(
                            "{} reported before.",
                            plural(others, "more level is low and was", "more levels are low and were")
                        )
                    }
                },
            ),
        };
        let view = LowStockView {
            organization: named(organization.name.as_str()),
            headline: &headline,
            sentence,
            shortages: low.levels.iter().map(Shortage::from).collect(),
            more: low.more,
        };
        let subject = format!("{headline} - {}", view.organization);
        let bodies = (LowStockHtml(&view).render()?, LowStockPlain(&view).render()?);
        Ok(Content::new(ContentKind::LowStock, &subject, bodies))
    }
}

/// The quantities of one kind of movement in both weeks.
struct Flow {
    name: &'static str,
    now: String,
    before: String,
    /// The lengths of the bars, in percent of the longest one.
    now_percent: u8,
    before_percent: u8,
}

/// A waiting purchase request as the email shows it.
struct Waiting {
    number: String,
    by: String,
    lines: String,
    since: String,
}

#[derive(Template)]
#[template(path = "weekly_report.html")]
struct WeeklyReportHtml<'a>(&'a WeeklyReportView<'a>);

#[derive(Template)]
#[template(path = "weekly_report.txt")]
struct WeeklyReportPlain<'a>(&'a WeeklyReportView<'a>);

struct WeeklyReportView<'a> {
    organization: String,
    headline: &'a str,
    movements: String,
    flows: Vec<Flow>,
    /// The kinds of movements without any quantity in both weeks.
    idle: Option<String>,
    low_headline: String,
    shortages: Vec<Shortage>,
    more_low: usize,
    waiting_headline: String,
    waiting: Vec<Waiting>,
    more_waiting: usize,
}

impl WeeklyReportEmail<'_> {
    /// Whether the report is empty: no movement in the week, no low level, no waiting purchase request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals.movements == 0 && self.low.count == 0 && self.waiting.count == 0
    }

    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let Self { organization, week, low, waiting, now, .. } = *self;
        let headline = format!("Your week from {} to {}", week.start.day(), week.last_day().day());
        let waiting_for = |request: &PurchaseRequest| {
            now.since(request.milestones().submitted_at.filter(|at| *at <= now).unwrap_or(now))
        };
        let (flows, idle) = self.flows();
        let view = WeeklyReportView {
            organization: named(organization.name.as_str()),
            headline: &headline,
            movements: self.movements(),
            flows,
            idle,
            low_headline: match low.count {
                0 => "Nothing is below its minimum".to_owned(),
                count => plural(count, "level is below its minimum", "levels are below their minimum"),
            },
            shortages: low.first.iter().map(Shortage::from).collect(),
            more_low: low.count.saturating_sub(low.first.len()),
            waiting_headline: match waiting.count {
                0 => "No purchase request waits for a decision".to_owned(),
                count => {
                    plural(count, "purchase request waits for a decision", "purchase requests wait for a decision")
                }
            },
            waiting: waiting
                .first
                .iter()
                .map(|request| Waiting {
                    number: request.request_number.to_string(),
                    by: named(request.created_by.full_name.as_str()),
                    lines: plural(request.items.len(), "line", "lines"),
                    since: how_long(waiting_for(request)),
                })
                .collect(),
            more_waiting: waiting.count.saturating_sub(waiting.first.len()),
        };
        let subject = format!("{headline} - {}", view.organization);
        let bodies = (WeeklyReportHtml(&view).render()?, WeeklyReportPlain(&view).render()?);
        Ok(Content::new(ContentKind::WeeklyReport, &subject, bodies))
    }

    /// The numbers of movements, as a sentence.
    fn movements(&self) -> String {
        let recorded = plural(count(self.totals.movements), "movement was", "movements were");
        match (self.totals.movements, self.before.movements) {
            (0, 0) => "No movement was recorded in this week or the week before.".to_owned(),
            (0, before) => format!("No movement was recorded, after {before} the week before."),
            (_, 0) => format!("{recorded} recorded, after none the week before."),
            (_, before) => format!("{recorded} recorded, after {before} the week before."),
        }
    }

    /// The kinds of movements with a quantity in one of the weeks, and a sentence about the others. Without any
    /// movement, [`movements`](Self::movements) already says so.
    fn flows(&self) -> (Vec<Flow>, Option<String>) {
        let kinds = |totals: &MovementTotals| {
            [
                ("Received", Amount::plain(totals.received)),
                ("Issued", Amount::plain(totals.issued)),
                ("Transferred", Amount::plain(totals.transferred)),
                ("Adjusted", Amount::corrected(totals.found, totals.lost)),
            ]
        };
        let pairs = kinds(&self.totals).into_iter().zip(kinds(&self.before));
        let amounts = pairs.map(|((name, now), (_, before))| (name, now, before));
        let (amounts, idle): (Vec<_>, Vec<_>) =
            amounts.partition(|(_, now, before)| now.size != Total::ZERO || before.size != Total::ZERO);
        let idle: Vec<_> = idle.iter().map(|(name, ..)| name.to_lowercase()).collect();
        let has_movements = self.totals.movements > 0 || self.before.movements > 0;
        let idle = idle.split_last().filter(|_| has_movements).map(|(last, others)| {
            let others = if others.is_empty() { String::new() } else { format!("{} or ", others.join(", ")) };
            format!("Nothing was {others}{last}.")
        });
        let longest = amounts.iter().flat_map(|(_, now, before)| [now.size, before.size]).max().unwrap_or_default();
        let flow = |(name, now, before): (&'static str, Amount, Amount)| Flow {
            name,
            now_percent: now.size.percent_of(longest),
            before_percent: before.size.percent_of(longest),
            now: now.text,
            before: before.text,
        };
        (amounts.into_iter().map(flow).collect(), idle)
    }
}

/// A quantity with its text.
struct Amount {
    size: Total,
    text: String,
}

impl Amount {
    fn plain(total: Total) -> Self {
        Self { size: total, text: total.to_string() }
    }

    /// Additions and losses by corrections are shown separately, because their sum would hide both.
    fn corrected(found: Total, lost: Total) -> Self {
        let text = match (found > Total::ZERO, lost > Total::ZERO) {
            (false, false) => "0".to_owned(),
            (true, false) => format!("+{found}"),
            (false, true) => format!("\u{2212}{lost}"),
            (true, true) => format!("+{found} \u{2212}{lost}"),
        };
        Self { size: found.with(lost), text }
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A duration in whole days, or in whole hours below a day.
fn how_long(duration: Duration) -> String {
    let hours = duration.as_secs() / 3_600;
    match (hours / 24, hours) {
        (0, 0) => "less than an hour".to_owned(),
        (0, hours) => plural(count(hours), "hour", "hours"),
        (days, _) => plural(count(days), "day", "days"),
    }
}
