//! What keeps the machine from acting: advice only, budgets, changes in review, a journal that cannot be trusted.

use haltline::simulator::scenario::ConsoleAct;

use crate::bench::{ANDROID, BREACHING, Bench, IOS, World};

#[tokio::test(flavor = "multi_thread")]
async fn advice_decides_and_tells_and_never_writes() {
    let bench = Bench::new(BREACHING).await;
    bench.replace("policy = \"sim\"", "policy = \"sim\"\nmode = \"advise\"");
    bench.run(&["watch", "--once"]).await;
    let run = bench.run(&["watch", "--once"]).await.ends_with(11);
    run.tells(&["shop-android: breached"]);
    assert!(bench.writes().is_empty());
    bench
        .run(&["audit", ANDROID])
        .await
        .tells(&["crash-free-limit", "advise"]);
    bench
        .run(&["config", "check"])
        .await
        .ends_with(0)
        .tells(&["advises only"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_budget_a_person_is_asked() {
    let both = World {
        ios: "3%",
        ..BREACHING
    };
    let bench = Bench::new(both).await;
    bench.replace(
        "[watcher]\n",
        "[watcher]\nbudgets = { per_app_day = 4, per_hour = 1 }\n",
    );
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await;
    let run = bench.run(&["status"]).await;
    run.tells(&["a person is needed"]);
    assert_eq!(bench.writes().len(), 1, "of two apps that crash");
    // A person's own act is none of the machine's budget.
    for app in [ANDROID, IOS] {
        bench
            .run(&["halt", app, "--reason", "it crashes"])
            .await
            .ends_with(0);
    }
    assert_eq!(bench.writes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_in_review_are_left_to_a_person_who_is_told_the_command() {
    let bench = Bench::new(BREACHING).await;
    bench.console(ANDROID, &ConsoleAct::StartReview);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(11);
    assert!(bench.writes().is_empty());
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(11)
        .tells(&["review", "haltline halt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_review_is_cancelled_where_the_config_says_so() {
    let bench = Bench::new(BREACHING).await;
    bench.replace(
        "track = \"production\"",
        "track = \"production\"\nin_review = \"cancel\"",
    );
    bench.console(ANDROID, &ConsoleAct::StartReview);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    assert_eq!(bench.writes(), ["halted"]);
}

/// What a person undid in the console is not fought: evidence starts again.
#[tokio::test(flavor = "multi_thread")]
async fn a_resume_in_the_console_is_drift_and_is_not_undone_at_once() {
    let bench = Bench::new(BREACHING).await;
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    bench.console(ANDROID, &ConsoleAct::Resume);
    bench.run(&["watch", "--once"]).await;
    assert_eq!(bench.writes(), ["halted"]);
    bench
        .run(&["audit", ANDROID])
        .await
        .tells(&["changed outside haltline"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_behind_its_anchor_watches_and_tells_until_it_is_accepted() {
    let bench = Bench::new(BREACHING).await;
    bench
        .run(&["disarm", "--for", "1h", "--reason", "first look"])
        .await;
    bench.run(&["watch", "--once"]).await;
    let copy = bench.copy_of_the_journal();
    bench.run(&["watch", "--once"]).await;
    bench.run(&["arm"]).await.ends_with(0);
    bench.restore(&copy);

    bench
        .run(&["audit", "--verify"])
        .await
        .ends_with(1)
        .tells(&["anchor", "haltline journal accept"]);
    for _ in 0..2 {
        bench
            .run(&["watch", "--once"])
            .await
            .ends_with(11)
            .tells(&["anchor", "shop-android: breached"]);
    }
    assert!(bench.writes().is_empty(), "it may watch and tell, not act");

    bench
        .run(&[
            "journal",
            "accept",
            "--reason",
            "restored after the disk died",
        ])
        .await
        .ends_with(0)
        .tells(&["accepted"]);
    bench.run(&["audit", "--verify"]).await.ends_with(0);
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    assert_eq!(bench.writes(), ["halted"]);
}
