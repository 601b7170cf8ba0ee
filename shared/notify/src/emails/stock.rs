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

use super::plural;
use crate::transport::Content;

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
struct Shortage<'a> {
    product: &'a str,
    sku: &'a str,
    warehouse: &'a str,
    unit: &'a str,
    on_hand: Quantity,
    minimum: Quantity,
    missing: Quantity,
}

impl<'a> From<&'a LevelView> for Shortage<'a> {
    fn from(level: &'a LevelView) -> Self {
        let minimum = level.min_stock_level;
        Self {
            product: level.product_name.as_str(),
            sku: level.sku.as_str(),
            warehouse: level.warehouse_name.as_str(),
            unit: level.unit.as_str(),
            on_hand: level.on_hand,
            minimum,
            missing: minimum.minus(level.on_hand).unwrap_or(minimum),
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
    organization: &'a str,
    headline: &'a str,
    sentence: String,
    shortages: Vec<Shortage<'a>>,
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
            organization: organization.name.as_str(),
            headline: &headline,
            sentence,
            shortages: low.levels.iter().map(Shortage::from).collect(),
            more: low.more,
        };
        let subject = format!("{headline} - {}", organization.name);
        Ok(Content::new(&subject, (LowStockHtml(&view).render()?, LowStockPlain(&view).render()?)))
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
struct Waiting<'a> {
    number: String,
    by: &'a str,
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
    organization: &'a str,
    headline: &'a str,
    movements: String,
    flows: Vec<Flow>,
    low_headline: String,
    shortages: Vec<Shortage<'a>>,
    more_low: usize,
    waiting_headline: String,
    waiting: Vec<Waiting<'a>>,
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
        let view = WeeklyReportView {
            organization: organization.name.as_str(),
            headline: &headline,
            movements: format!(
                "{} recorded, after {} the week before.",
                plural(count(self.totals.movements), "movement was", "movements were"),
                self.before.movements
            ),
            flows: self.flows(),
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
                    by: request.created_by.full_name.as_str(),
                    lines: plural(request.items.len(), "line", "lines"),
                    since: how_long(waiting_for(request)),
                })
                .collect(),
            more_waiting: waiting.count.saturating_sub(waiting.first.len()),
        };
        let subject = format!("{headline} - {}", organization.name);
        Ok(Content::new(&subject, (WeeklyReportHtml(&view).render()?, WeeklyReportPlain(&view).render()?)))
    }

    fn flows(&self) -> Vec<Flow> {
        let kinds = |totals: &MovementTotals| {
            [
                ("Received", Amount::plain(totals.received)),
                ("Issued", Amount::plain(totals.issued)),
                ("Transferred", Amount::plain(totals.transferred)),
                ("Adjusted", Amount::corrected(totals.found, totals.lost)),
            ]
        };
        let pairs = kinds(&self.totals).into_iter().zip(kinds(&self.before));
        let amounts: Vec<_> = pairs.map(|((name, now), (_, before))| (name, now, before)).collect();
        let longest = amounts.iter().flat_map(|(_, now, before)| [now.size, before.size]).max().unwrap_or_default();
        let flow = |(name, now, before): (&'static str, Amount, Amount)| Flow {
            name,
            now_percent: now.size.percent_of(longest),
            before_percent: before.size.percent_of(longest),
            now: now.text,
            before: before.text,
        };
        amounts.into_iter().map(flow).collect()
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
