//! Stage by stage, rule by rule, tier by tier, field by field.

use std::collections::BTreeSet;

use chrono::{NaiveTime, TimeDelta};

use super::Difference;
use crate::domain::{Check, Exposure};
use crate::policy::calendar::Window;
use crate::policy::explain::figure;
use crate::policy::rule::{Evidence, Limit, Rule};
use crate::policy::stage::{Approval, Stage};
use crate::policy::tier::{Condition, Tier, When};

/// What was found so far.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) found: Vec<Difference>,
}

impl Parts {
    fn note(&mut self, what: &str, looser: bool) {
        let way = if looser { "looser" } else { "tighter" };
        self.found.push(Difference {
            words: format!("{what} ({way})").into(),
            looser,
        });
    }

    pub(super) fn added(&mut self, what: &str, looser: bool) {
        self.note(&format!("{what} added"), looser);
    }

    pub(super) fn removed(&mut self, what: &str) {
        self.note(&format!("{what} removed"), true);
    }

    /// A field with an order: `tighter(old, new)` where the new value is the tighter of two that differ.
    fn field<T: PartialEq>(
        &mut self,
        what: &str,
        (old, new): (&T, &T),
        show: impl Fn(&T) -> String,
        tighter: impl Fn(&T, &T) -> bool,
    ) {
        if old != new {
            let words = format!("{what} {} → {}", show(old), show(new));
            self.note(&words, !tighter(old, new));
        }
    }

    /// The same of one that may be wanted or not: wanting it is tighter.
    fn wanted<T: PartialEq>(
        &mut self,
        what: &str,
        sides: (Option<&T>, Option<&T>),
        show: impl Fn(&T) -> String,
        tighter: impl Fn(&T, &T) -> bool,
    ) {
        match sides {
            (Some(old), Some(new)) => self.field(what, (old, new), show, tighter),
            (Some(old), None) => self.note(&format!("{what} {} dropped", show(old)), true),
            (None, Some(new)) => self.note(&format!("{what} {} added", show(new)), false),
            (None, None) => {}
        }
    }

    pub(super) fn stage(&mut self, old: &Stage, new: &Stage) {
        let Stage {
            exposure,
            soak,
            min_users,
            min_sessions,
            healthy_if,
            required,
            coverage,
            variance,
            approval,
            window,
            check,
            complete_early,
        } = new;
        let at = |what: &str| format!("stage {exposure}: {what}");
        self.field(
            &at("soak"),
            (&old.soak, soak),
            |it| length(*it),
            |old, new| new > old,
        );
        let counts = [
            ("min_users", old.min_users, *min_users),
            ("min_sessions", old.min_sessions, *min_sessions),
        ];
        for (what, old, new) in counts {
            // Wanting none is wanting nothing.
            let sides = (&old.unwrap_or(0), &new.unwrap_or(0));
            self.field(&at(what), sides, u64::to_string, |old, new| new > old);
        }
        for metric in keys(old.healthy_if.keys(), healthy_if.keys()) {
            let sides = (old.healthy_if.get(metric), healthy_if.get(metric));
            let what = at(&format!("healthy_if {metric}"));
            self.wanted(&what, sides, |it| percent(*it), |old, new| new > old);
        }
        for metric in keys(old.required.iter(), required.iter()) {
            let sides = (old.required.get(metric), required.get(metric));
            self.wanted(&at("required"), sides, ToString::to_string, |_, _| true);
        }
        for kind in keys(old.coverage.keys(), coverage.keys()) {
            let sides = (old.coverage.get(kind), coverage.get(kind));
            let what = at(&format!("coverage {kind}"));
            self.wanted(&what, sides, u32::to_string, |old, new| new > old);
        }
        for metric in keys(old.variance.keys(), variance.keys()) {
            let sides = (old.variance.get(metric), variance.get(metric));
            let what = at(&format!("variance {metric}"));
            self.wanted(&what, sides, |it| percent(*it), |old, new| new < old);
        }
        let sides = (old.approval.as_ref(), approval.as_ref());
        self.wanted(
            &at("approval"),
            sides,
            |it| approvers(*it),
            |old, new| new.role >= old.role && new.persons >= old.persons,
        );
        let sides = (old.window.as_ref(), window.as_ref());
        self.wanted(&at("window"), sides, Window::to_string, is_within);
        let sides = (old.check.as_ref(), check.as_ref());
        self.wanted(&at("check"), sides, asked, |_, _| false);
        let sides = (&old.complete_early, complete_early);
        self.field(&at("complete_early"), sides, bool::to_string, |old, _| *old);
    }

    pub(super) fn either_rule(&mut self, old: Option<&Rule>, new: Option<&Rule>) {
        match (old, new) {
            (Some(old), Some(new)) => self.rule(old, new),
            (None, Some(new)) => {
                let limit = limit_of(new);
                self.added(
                    &format!("rule {}: {limit} of {}", new.id, new.metric),
                    false,
                );
            }
            (Some(old), None) => self.removed(&format!("rule {}", old.id)),
            (None, None) => {}
        }
    }

    fn rule(&mut self, old: &Rule, new: &Rule) {
        let Rule {
            id,
            metric,
            limit,
            action,
            during,
            evidence,
            grace,
            insist,
            of_tier: _,
            unless_train,
        } = new;
        let of = |what: &str| format!("rule {id}: {what}");
        let never = |_: &_, _: &_| false;
        self.field(
            &of("metric"),
            (&old.metric, metric),
            ToString::to_string,
            never,
        );
        if old.limit != *limit {
            let (was, is) = (limit_of(old), limit_of(new));
            let (kind, was) = was.split_once(' ').unwrap_or(("", &was));
            let words = match is.strip_prefix(kind) {
                Some(is) => format!("{kind} {was} →{is}"),
                None => format!("{kind} {was} → {is}"),
            };
            let tighter = old.metric == *metric && is_lower(old.limit, *limit);
            self.note(&of(&words), !tighter);
        }
        self.field(
            &of("action"),
            (&old.action, action),
            |it| it.name().to_owned(),
            |old, new| new > old,
        );
        self.field(
            &of("live"),
            (&old.during, during),
            |it| live(*it),
            |old, new| {
                let whole = (Exposure::NONE, Exposure::FULL);
                let (old, new) = (old.unwrap_or(whole), new.unwrap_or(whole));
                new.0 <= old.0 && new.1 >= old.1
            },
        );
        self.field(
            &of("evidence"),
            (&old.evidence, evidence),
            looks,
            sees_sooner,
        );
        let sides = (&old.unless_train, unless_train);
        let train = |within: &Option<TimeDelta>| within.map_or("none".into(), length);
        // The sooner a train has to leave, the more often it is live.
        self.field(&of("unless_train"), sides, train, |old, new| {
            new.is_none_or(|new| old.is_some_and(|old| new < old))
        });
        self.field(
            &of("grace"),
            (&old.grace, grace),
            |it| length(*it),
            |old, new| new < old,
        );
        // Halts on more sources than before.
        self.field(
            &of("insist"),
            (&old.insist, insist),
            bool::to_string,
            |_, new| *new,
        );
    }

    pub(super) fn tier(&mut self, old: &Tier, new: &Tier) {
        let Tier {
            name,
            when,
            respond,
            say,
            next_train,
        } = new;
        let of = |what: &str| format!("tier {name}: {what}");
        let sides = (&bound(&old.when), &bound(when));
        self.field(&of("when"), sides, condition, |old, new| match (old, new) {
            // More of what is below its bound; of what is not, more is answered mildly.
            (When::Metric(old), When::Metric(new)) => {
                let same = (&old.metric, old.above) == (&new.metric, new.above);
                same && new.is_limit() && new.failing() < old.failing()
            }
            (When::CriticalFlow { fix: Some(_) }, When::CriticalFlow { fix: None }) => true,
            _ => false,
        });
        self.field(
            &of("respond"),
            (&old.respond, respond),
            |it| it.name().to_owned(),
            |old, new| new > old,
        );
        let sides = (old.next_train.as_ref(), next_train.as_ref());
        // The sooner a train has to leave, the more often the answer is one step stronger.
        self.wanted(
            &of("next_train"),
            sides,
            |it| length(*it),
            |old, new| new < old,
        );
        if old.say != *say {
            let words = of(&format!("says \"{say}\" instead of \"{}\"", old.say));
            let looser = false;
            self.found.push(Difference {
                words: words.into(),
                looser,
            });
        }
    }
}

fn keys<'a, T: Ord>(
    old: impl Iterator<Item = &'a T>,
    new: impl Iterator<Item = &'a T>,
) -> BTreeSet<&'a T> {
    old.chain(new).collect()
}

/// The same kind of limit, and less of what it bounds.
fn is_lower(old: Limit, new: Limit) -> bool {
    match (old, new) {
        (Limit::Failures { at_most: old }, Limit::Failures { at_most: new })
        | (Limit::TimesBaseline { ratio: old }, Limit::TimesBaseline { ratio: new })
        | (Limit::WorseByPoints { points: old }, Limit::WorseByPoints { points: new }) => new < old,
        (
            Limit::LevelAtMost { value: old, unit },
            Limit::LevelAtMost {
                value: new,
                unit: other,
            },
        ) => unit == other && new < old,
        (
            Limit::LevelAtLeast { value: old, unit },
            Limit::LevelAtLeast {
                value: new,
                unit: other,
            },
        ) => unit == other && new > old,
        _ => false,
    }
}

/// Neither kind of evidence is always the quicker, nor is a longer look back.
fn sees_sooner(old: &Evidence, new: &Evidence) -> bool {
    match (old, new) {
        (
            Evidence::Observed {
                window: was,
                min_sessions: sessions,
                polls,
            },
            Evidence::Observed {
                window: is,
                min_sessions: new_sessions,
                polls: new_polls,
            },
        ) => was == is && new_sessions <= sessions && new_polls <= polls,
        _ => false,
    }
}

/// Every moment of the new window is one of the old.
fn is_within(old: &Window, new: &Window) -> bool {
    // 0:00 as an end is midnight at the end of the day.
    let end = |window: &Window| Some(window.until).filter(|end| *end != NaiveTime::MIN);
    let ends = match (end(old), end(new)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new <= old,
    };
    let days = new.days.iter().all(|day| old.days.contains(day));
    old.zone == new.zone && days && new.from >= old.from && ends
}

fn percent(share: f64) -> String {
    // To as many digits as policies are read to, and two at least.
    let percent = (share * 1e11).round() / 1e9;
    let text = percent.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    if digits < 2 {
        format!("{percent:.2}%")
    } else {
        format!("{text}%")
    }
}

fn length(length: TimeDelta) -> String {
    let length = length.to_std().unwrap_or_default();
    humantime::format_duration(length).to_string()
}

fn approvers(approval: Approval) -> String {
    match approval.persons {
        1 => format!("by one {}", approval.role.name()),
        persons => format!("by {persons} of at least {}", approval.role.name()),
    }
}

fn asked(check: &Check) -> String {
    let Check {
        how,
        timeout,
        every,
    } = check;
    format!(
        "{} within {} every {}",
        how.name(),
        length(*timeout),
        length(*every)
    )
}

fn live(during: Option<(Exposure, Exposure)>) -> String {
    during.map_or("always".into(), |(low, high)| format!("{low}..{high}"))
}

fn looks(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Sequential => "sequential".into(),
        Evidence::Observed {
            window,
            min_sessions,
            polls,
        } => format!(
            "observed over {} with {min_sessions} sessions for {polls} polls",
            length(*window)
        ),
    }
}

/// `floor 99.85%`
fn limit_of(rule: &Rule) -> String {
    match rule.limit {
        Limit::Failures { at_most } if rule.metric.is_good_share() => {
            format!("floor {}", percent(1.0 - at_most))
        }
        Limit::Failures { at_most } => format!("ceiling {}", percent(at_most)),
        Limit::TimesBaseline { ratio } => format!("worse_than_baseline {ratio:?}"),
        Limit::WorseByPoints { points } => {
            format!("drop_from_baseline {}pt", (points * 1e11).round() / 1e9)
        }
        Limit::LevelAtMost { value, unit } => format!("ceiling {}", figure(value, unit)),
        Limit::LevelAtLeast { value, unit } => format!("floor {}", figure(value, unit)),
    }
}

/// Without where a stronger tier takes over, which changes nothing.
fn bound(when: &When) -> When {
    match when {
        When::Metric(condition) => When::Metric(Condition {
            until: None,
            ..condition.clone()
        }),
        When::CriticalFlow { fix } => When::CriticalFlow { fix: *fix },
    }
}

fn condition(when: &When) -> String {
    match when {
        When::CriticalFlow { fix: Some(fix) } => format!("{when}, fix {}", fix.word()),
        _ => when.to_string(),
    }
}
