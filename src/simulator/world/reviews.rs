//! What users say at the store: stars and a few words, by the hour, worse of a version that crashes more.

use chrono::TimeDelta;

use super::World;
use crate::domain::{AppId, Timestamp};
use crate::simulator::dice::{self, Dice};
use crate::simulator::scenario::{AppPlan, VersionPlan};

/// Ratings from before the world can remember: their mean, and how many there are for one session a day.
const LONG_AGO: (f64, f64) = (4.5, 0.1);
/// Share of the reviews with one or two stars of a version that never crashes.
const NEVER_HAPPY: f64 = 0.08;
/// How much more often somebody who crashed complains.
const ANGER: f64 = 12.0;

/// A review at the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: u64,
    pub at: Timestamp,
    pub build: String,
    /// 1 to 5.
    pub stars: u8,
    pub title: String,
    pub text: String,
}

impl World {
    /// Reviews of all versions in `from..to`, oldest first. What is written in an hour comes once the hour is over.
    pub fn reviews(&self, app: &AppId, from: Timestamp, to: Timestamp) -> Vec<Said> {
        let Some(plan) = self.app(app) else {
            return Vec::new();
        };
        let (first, last) = (hour(from), hour(to.min(self.now())));
        let mut said = Vec::new();
        for (version, _) in self.versions(app) {
            let key = dice::key(
                self.seed,
                app.as_str(),
                &format!("{} reviews", version.build),
            );
            for (start, sessions) in self.hours(app, &version.build, first, last) {
                let mut dice = Dice::new(key, start);
                let mean = plan.reviews_per_day as f64 * sessions as f64
                    / plan.sessions_per_day.max(1) as f64;
                let unhappy = unhappy(&version, start - self.start);
                for _ in 0..dice.poisson(mean) {
                    said.push(review(&mut dice, &version.build, start, unhappy));
                }
            }
        }
        said.retain(|review| (from..to).contains(&review.at));
        said.sort_by_key(|review| (review.at, review.id));
        said
    }

    /// Mean of the stars that the store shows, and how many gave them.
    pub fn rating(&self, app: &AppId) -> Option<(f64, u64)> {
        let plan: &AppPlan = self.app(app)?;
        let (mean, each) = LONG_AGO;
        let before = (plan.sessions_per_day as f64 * each) as u64;
        let since = self.reviews(app, self.start - super::HISTORY, self.now());
        let count = before + since.len() as u64;
        let stars: u64 = since.iter().map(|review| u64::from(review.stars)).sum();
        (count > 0).then(|| ((mean * before as f64 + stars as f64) / count as f64, count))
    }

    /// Sessions of a version by hour.
    fn hours(
        &self,
        app: &AppId,
        build: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<(Timestamp, u64)> {
        let mut hours: Vec<(Timestamp, u64)> = Vec::new();
        for cell in self.cells(app, build, from, to) {
            let start = hour(cell.start);
            match hours.last_mut() {
                Some((at, sessions)) if *at == start => *sessions += cell.sessions,
                _ => hours.push((start, cell.sessions)),
            }
        }
        hours
    }
}

fn hour(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp(at.timestamp().div_euclid(3_600) * 3_600, 0).unwrap_or(at)
}

/// Share of a version's reviews with one or two stars.
fn unhappy(version: &VersionPlan, after: TimeDelta) -> f64 {
    match &version.unhappy {
        Some(share) => share.at(after),
        None => (NEVER_HAPPY + ANGER * version.crash.at(after)).min(0.9),
    }
}

fn review(dice: &mut Dice, build: &str, hour: Timestamp, unhappy: f64) -> Said {
    // Fits into every vendor's number.
    let id = (dice.uniform() * (1_u64 << 53) as f64) as u64;
    let at = hour + TimeDelta::seconds((dice.uniform() * 3_600.0) as i64);
    let sad = dice.uniform() < unhappy;
    let more = dice.uniform();
    let stars = match (sad, more) {
        (true, m) if m < 0.7 => 1,
        (true, _) => 2,
        (false, m) if m < 0.08 => 3,
        (false, m) if m < 0.3 => 4,
        (false, _) => 5,
    };
    let pick = (dice.uniform() * 3.0) as usize;
    let of: &[(&str, &str)] = match stars {
        1 | 2 => &SAD,
        3 => &SO_SO,
        _ => &HAPPY,
    };
    let (title, text) = of.get(pick).copied().unwrap_or_default();
    Said {
        id,
        at,
        build: build.to_owned(),
        stars,
        title: title.to_owned(),
        text: text.to_owned(),
    }
}

const SAD: [(&str, &str); 3] = [
    (
        "Crashes at the till",
        "Since the update it closes as soon as I want to pay. Please fix!",
    ),
    (
        "Unusable",
        "Opens, hangs, is gone. It worked fine last week.",
    ),
    (
        "",
        "Slow and full of errors\u{2026} I have reinstalled it twice, no change.",
    ),
];
const SO_SO: [(&str, &str); 3] = [
    ("OK", "Does what it should, but the search finds nothing."),
    (
        "Could be better",
        "Fine on my tablet, a bit slow on the phone.",
    ),
    ("", "Why do I have to sign in every day?"),
];
const HAPPY: [(&str, &str); 3] = [
    ("Love it", "Ordered at noon, delivered at six. \u{1F44D}"),
    ("Very good", "Quick, clear, no frills."),
    ("", "Best shop I know."),
];
