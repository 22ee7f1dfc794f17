//! Incidents told, and text from outside that stays text.

use super::*;
use crate::api::wire::Remark;
use crate::domain::{Actor, ToldBy};
use crate::tui::fixture;

fn account<'a>(picture: &'a Snapshot, app: &'a AppSnapshot) -> Account<'a> {
    Account {
        picture,
        app,
        events: &picture.events,
        standing: Standing::Now,
        at: fixture::now(),
        by: fixture::alice().to_string().into(),
        banner: PlainText::default(),
    }
}

/// The document and the lines for a chat of the worst app.
fn told(picture: &Snapshot) -> String {
    let model = fixture::model(picture.clone());
    let account = account(picture, model.shown().unwrap());
    format!("{}\n=====\n{}", document(&account), brief(&account))
}

#[test]
fn incidents_are_told() {
    for (name, picture) in [
        ("announced", fixture::announced()),
        ("halted", fixture::halted()),
        ("ios_paused", fixture::ios_paused()),
        ("unknown", fixture::unknown()),
    ] {
        let text = told(&picture);
        // The version is of the build.
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(name, text);
    }
}

/// In every field that comes from outside.
fn hostile() -> Snapshot {
    let evil = "# @everyone <!here> | `rm` [x](javascript:1) ![y](http://evil.example.com/p.png) \u{1b}[31m\u{202e}";
    let mut picture = fixture::halted();
    let app = &mut picture.apps[0];
    app.name = evil.into();
    app.version_name = evil.into();
    app.previous_name = Some(evil.into());
    app.sentence = evil.into();
    app.needs_person = Some(evil.into());
    app.acknowledged_by = Some(Actor::Person {
        name: "everyone".into(),
        host: evil.into(),
    });
    app.rules[1].limit = evil.into();
    app.way_out = vec![PlainText::new(evil).to_string()];
    app.remarks.push(Remark {
        at: fixture::now(),
        actor: fixture::alice(),
        text: evil.into(),
    });
    app.issues.truncate(1);
    let issue = &mut app.issues[0];
    issue.title = format!("{evil}{}", "長".repeat(9_000)).as_str().into();
    issue.place = evil.into();
    issue.told_by = [
        "javascript:alert(1)",
        "https://sentry.example.com/7> <script>",
        "https://sentry.example.com/7",
    ]
    .map(|link| ToldBy {
        link: Some(link.into()),
        ..issue.told_by[0].clone()
    })
    .to_vec();
    picture
}

#[test]
fn text_from_outside_stays_text() {
    let picture = hostile();
    let account = account(&picture, &picture.apps[0]);
    let text = document(&account).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    for line in text.lines() {
        assert!(!line.contains('@'), "{line}");
        assert!(
            !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{line}"
        );
        let bare = line
            .replace(r"\|", "")
            .replace(r"\<", "")
            .replace(r"\[", "")
            .replace(r"\`", "");
        assert!(
            !bare.contains("<!") && !bare.contains("[x]") && !bare.contains("<script"),
            "{line}"
        );
    }
    assert!(text.contains("| <https://sentry.example.com/7> |"));
    // Whatever stands in the cells, rows have as many as their heads.
    let mut columns = 0;
    for line in text.lines() {
        let cells = line.replace(r"\|", "").matches('|').count();
        match (line.starts_with('|'), columns) {
            (false, _) => columns = 0,
            (true, 0) => columns = cells,
            (true, columns) => assert_eq!(cells, columns, "{line}"),
        }
    }
    insta::assert_snapshot!("hostile", text);
    assert!(!brief(&account).contains('@'));
}

#[test]
fn what_is_not_the_present_says_so_first() {
    let mut picture = fixture::nobody();
    let words = |picture: &Snapshot, standing, banner: &str| {
        let account = Account {
            standing,
            banner: banner.into(),
            ..account(picture, &picture.apps[0])
        };
        (document(&account), brief(&account))
    };
    let (long, short) = words(&picture, Standing::Now, "");
    assert!(long.starts_with("# UNKNOWN: Shop Android"));
    assert!(short.contains("NOBODY IS WATCHING since 2026-01-10 12:02:07 UTC"));
    picture.watcher = WatcherState::Acting { term: 1 };
    let (long, _) = words(&picture, Standing::Cut, "");
    assert!(long.starts_with("# UNKNOWN: ") && long.contains("> **THE WATCHER CANNOT BE REACHED"));
    let (long, short) = words(&picture, Standing::Now, "simulated, 60×");
    assert!(
        long.starts_with("# HEALTHY: ")
            && long.contains("> **simulated, 60×: no real rollout**\n\n")
    );
    assert!(short.contains("simulated, 60×: no real rollout"));
}

#[test]
fn a_name_of_a_file_holds_nothing_else() {
    let name = file_name("../a/b c", fixture::now(), "md");
    assert_eq!(name, "haltline-..abc-20260110T143207Z.md");
}
