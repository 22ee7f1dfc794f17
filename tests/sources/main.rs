//! The contract of every health source, through its own ready config: the same world in, the same counts out within the
//! source's own rounding; what it does when its vendor is not well; and what a poll costs.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod house;
mod kinds;
mod truth;

use chrono::TimeDelta;
use haltline::domain::{FailureKind, SourceReport};
use haltline::simulator::fault::Fault;
use house::{House, WORLD};
use kinds::{Case, KINDS, Kind};
use truth::{Kept, keep};

/// The kinds that a case applies to; the others are listed with their reason.
fn in_question(case: Case) -> impl Iterator<Item = &'static Kind> {
    let only = std::env::var("HALTLINE_SOURCE").unwrap_or_default();
    let speaks_http = [
        Case::RateLimited,
        Case::Expired,
        Case::Html,
        Case::Huge,
        Case::Truncated,
    ];
    KINDS.iter().filter(move |kind| {
        let silent = kind.asks.err().filter(|_| speaks_http.contains(&case));
        let without = kind.without.iter().find(|(c, _)| *c == case);
        match silent.or(without.map(|(_, why)| *why)) {
            Some(why) => {
                assert!(!why.is_empty(), "{} without {case:?}", kind.name);
                false
            }
            None => only.is_empty() || kind.name == only,
        }
    })
}

fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn of(kind: &Kind, wrong: Vec<String>) -> impl Iterator<Item = String> {
    let name = kind.name;
    wrong.into_iter().map(move |what| format!("{name}: {what}"))
}

fn all(house: &House, report: &SourceReport, kept: &Kept) -> Vec<String> {
    let mut wrong = house.differences(report, kept);
    wrong.extend(house.groups(report));
    wrong.extend(house.levels(report));
    wrong.extend(house.strata(kept));
    wrong.extend(house.reviews(report));
    wrong
}

#[tokio::test]
async fn the_same_world_in_the_same_counts_out_for_so_many_requests() {
    let mut wrong = Vec::new();
    for kind in in_question(Case::SameCounts) {
        let house = House::of(kind).await;
        let report = house
            .poll(None)
            .await
            .unwrap_or_else(|e| panic!("{}: {e:?}", kind.name));
        let first = house.asked();
        let mut kept = Kept::new();
        keep(&mut kept, &report);
        wrong.extend(of(kind, all(&house, &report, &kept)));
        if house.source.reach() != kind.reach {
            wrong.push(format!("{}: reaches {:?}", kind.name, house.source.reach()));
        }

        let since = house.now() - TimeDelta::minutes(30);
        house.advance(TimeDelta::minutes(7));
        house
            .poll(Some(since))
            .await
            .unwrap_or_else(|e| panic!("{}: {e:?}", kind.name));
        let budget = (first, house.asked() - first);
        if budget != kind.budget {
            wrong.push(format!("{}: {budget:?} requests", kind.name));
        }
        for check in house.source.access().await {
            if let Err(failure) = check.result {
                wrong.push(format!("{}: {}: {failure}", kind.name, check.right));
            }
        }
    }
    nothing(&wrong);
}

#[tokio::test]
async fn what_was_open_and_late_is_restated() {
    let mut wrong = Vec::new();
    for kind in in_question(Case::Restated) {
        let house = House::of(kind).await;
        let mut kept = Kept::new();
        let mut report = house.poll(None).await.unwrap();
        keep(&mut kept, &report);
        // Over the turn of an hour, and of a day for whoever has days.
        for minutes in [1, 7, 13, 60, 24 * 60] {
            let since = report.read_through.unwrap() - TimeDelta::hours(2);
            house.advance(TimeDelta::minutes(minutes));
            report = house.poll(Some(since)).await.unwrap();
            keep(&mut kept, &report);
        }
        wrong.extend(of(kind, house.differences(&report, &kept)));
    }
    nothing(&wrong);
}

#[tokio::test]
async fn many_versions_and_groups_on_many_pages_are_read_to_the_end() {
    let mut old = String::new();
    for n in 0..104 {
        old += &format!(
            "[[app.version]]\nname = \"7.{n}.0\"\nbuild = \"{}\"\nrole = \"old\"\nshare = \"0.1%\"\n",
            70_000 + n
        );
    }
    let mut world = WORLD.replacen("[[app.version]]", &format!("{old}[[app.version]]"), 1);
    for n in 0..40 {
        world += &format!(
            "[[app.issue]]\ntitle = \"Error{n:02}: number {n:02}\"\nplace = \"com.example.shop.Class{n:02}.run\"\n\
             kind = \"recurring\"\nweight = {}\n",
            1 + n
        );
    }
    let mut wrong = Vec::new();
    for kind in in_question(Case::Paged) {
        let house = House::with(kind, &world).await;
        let report = house
            .poll(None)
            .await
            .unwrap_or_else(|e| panic!("{}: {e:?}", kind.name));
        let mut kept = Kept::new();
        keep(&mut kept, &report);
        wrong.extend(of(kind, all(&house, &report, &kept)));
    }
    nothing(&wrong);
}

#[tokio::test]
async fn a_version_that_there_is_not_has_no_window() {
    for kind in in_question(Case::Empty) {
        let house = House::young(kind).await;
        let mut query = house.query(None);
        query.version = house.version("99999");
        let key = query.version.key();
        let report = house.source.poll(&query).await;
        let report = report.unwrap_or_else(|e| panic!("{}: {e:?}", kind.name));
        let name = kind.name;
        assert!(report.readings.iter().all(|r| r.version != key), "{name}");
        assert!(report.levels.iter().all(|l| l.version != key), "{name}");
        assert!(report.issues.is_empty(), "{name}");
        assert_eq!(report.first_session, None, "{name}");
        assert!(
            report.readings.iter().all(|r| r.counts.trials > 0),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_waited_for_without_a_request() {
    for kind in in_question(Case::RateLimited) {
        for (retry_after, wait) in [(Some("120"), 120), (None, 60)] {
            let house = House::young(kind).await;
            let limited = |failure: &haltline::domain::Failure| {
                assert_eq!(
                    failure.kind,
                    FailureKind::Quota,
                    "{}: {failure:?}",
                    kind.name
                );
                let told = failure.retry_after.map(i64::from);
                assert!(
                    told.is_some_and(|told| (1..=wait).contains(&told)),
                    "{}: {failure:?}",
                    kind.name
                );
            };
            house.limit(&Fault::Status {
                code: 429,
                body: None,
                retry_after: retry_after.map(str::to_owned),
                applied: false,
            });
            let failure = house.poll(None).await.unwrap_err();
            limited(&failure);
            let until = house.now() + TimeDelta::seconds(failure.retry_after.unwrap().into());
            house.heal();
            let asked = house.asked();
            for before in [
                until - TimeDelta::days(1),
                until - TimeDelta::seconds(wait / 2),
                until - TimeDelta::seconds(2),
            ] {
                house.advance_to(before);
                let outcome = house.poll(None).await;
                limited(&outcome.expect_err(kind.name));
            }
            assert_eq!(
                house.asked(),
                asked,
                "{} asks while it is limited",
                kind.name
            );
            house.advance_to(until + TimeDelta::seconds(1));
            let report = house.poll(None).await;
            assert!(report.is_ok(), "{}: {report:?}", kind.name);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_told_as_such() {
    for kind in in_question(Case::Expired) {
        let mut house = House::young(kind).await;
        house.poll(None).await.unwrap();
        house.advance(kind.every + TimeDelta::minutes(5));
        house.set(&Fault::Status {
            code: 401,
            body: Some(r#"{"error":"invalid_client","error_description":"revoked"}"#.into()),
            retry_after: None,
            applied: false,
        });
        let failure = house.poll(None).await.unwrap_err();
        assert_eq!(
            failure.kind,
            FailureKind::Credentials,
            "{}: {failure:?}",
            kind.name
        );
        house.heal();
        house.advance(kind.every + TimeDelta::minutes(5));
        let report = house.poll(None).await;
        assert!(report.is_ok(), "{}: {report:?}", kind.name);

        match kind.token {
            Ok((file, comes_to)) => {
                house.spoil(file);
                house.reload();
                let failure = house.poll(None).await.unwrap_err();
                assert_eq!(failure.kind, comes_to, "{}: {failure:?}", kind.name);
                let checks = house.source.access().await;
                assert!(
                    checks.iter().all(|check| check.result.is_err()),
                    "{}",
                    kind.name
                );
            }
            Err(why) => assert!(!why.is_empty(), "{}", kind.name),
        }
    }
}

/// What happens to every answer, and what a poll fails with.
async fn unwell(case: Case, fault: Fault, comes_to: &[FailureKind]) {
    for kind in in_question(case) {
        let house = House::young(kind).await;
        house.set(&fault);
        let failure = house.poll(None).await.expect_err(kind.name);
        assert!(
            comes_to.contains(&failure.kind),
            "{}: {failure:?}",
            kind.name
        );
        house.heal();
        // Whoever keeps a distance after a failure has kept it by now.
        house.advance(TimeDelta::minutes(2));
        let report = house.poll(None).await;
        assert!(report.is_ok(), "{}: {report:?}", kind.name);
    }
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    unwell(Case::Html, Fault::Html, &[FailureKind::Malformed]).await;
}

#[tokio::test]
async fn a_body_of_100_mb_is_not_read() {
    let fault = Fault::Huge { bytes: 100 << 20 };
    unwell(Case::Huge, fault, &[FailureKind::Malformed]).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again_later() {
    unwell(Case::Truncated, Fault::Truncated, &[FailureKind::Retry]).await;
}
