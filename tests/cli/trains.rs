//! `haltline trains`: who is on watch, what is due next, when the next ones leave; and the same in `status`.

use crate::bench::{ANDROID, Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn trains_are_told_in_their_own_zone() {
    let bench = Bench::new(HEALTHY).await;
    let none = bench.run(&["trains"]).await.ends_with(0);
    none.tells(&["no train is configured"]);
    let head = format!("id = \"{ANDROID}\"\n");
    bench.replace(&head, &format!("{head}train = \"weekly\"\n"));
    bench.edit(|text| {
        text + "\n[train.weekly]\nzone = \"Asia/Kolkata\"\nevery = \"1w\"\nfirst = 2026-03-02\ncut_off = \"0d\"\n\
                rollout = \"1d\"\nowners = [\"alice\", \"bob\"]\nhand_over = \"tue 10:00\"\n\
                [train.last]\ndates = [2020-01-06]\nrollout = \"1d\"\n"
    });
    let run = bench.run(&["trains"]).await.ends_with(0);
    run.tells(&[
        "train weekly (Asia/Kolkata)\n  rides    shop-android\n  watch    @",
        " is on watch until Tue 20",
        " 10:00, then @",
        " due ",
        "\n  leaves   Tue 20",
        "train last (UTC)\n  rides    no app",
        "nobody is named",
        "nothing is due any more",
        "not any more",
    ]);
    let told = bench.run(&["trains", "--json"]).await.ends_with(0);
    let told = told.document("haltline/trains/v1");
    let weekly = told["trains"].as_array().unwrap();
    let weekly = weekly
        .iter()
        .find(|train| train["train"] == "weekly")
        .unwrap();
    assert_eq!(weekly["zone"], "Asia/Kolkata");
    assert_eq!(weekly["apps"], serde_json::json!([ANDROID]));
    let departures = weekly["departures"].as_array().unwrap();
    assert_eq!(departures.len(), 3);
    for departure in departures {
        let at: chrono::DateTime<chrono::Utc> = departure.as_str().unwrap().parse().unwrap();
        let local = at + chrono::TimeDelta::minutes(330);
        assert_eq!(local.format("%a %H:%M").to_string(), "Tue 00:00");
    }
    let owners = [&weekly["on_watch"], &weekly["after"]];
    assert!(owners.contains(&&"alice".into()) && owners.contains(&&"bob".into()));

    bench.run(&["watch", "--once"]).await.ends_with(0);
    let run = bench.run(&["status"]).await.ends_with(0);
    run.tells(&["train weekly: @", " (Asia/Kolkata)"]);
}
