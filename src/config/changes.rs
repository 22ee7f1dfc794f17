//! The difference between two configs, in the words of the journal: what a running watcher takes from the newer one.
//!
//! A change of secrets alone is no difference: no text here was ever made of one. Must not decide what is done about it.

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::TimeDelta;

use super::source::SourceConfig;
use super::{AppConfig, BaselineConfig, ChannelKind, Config, StoreConfig, WatcherConfig};
use crate::domain::{AppId, PlainText};
use crate::policy::change;

/// What is different in a newer config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub words: Vec<PlainText>,
    /// Apps that are not in it any more, or on another store.
    pub left: BTreeSet<AppId>,
    /// What could be asked before and cannot be with the newer one: its credentials cannot be had, in words.
    pub lost: Vec<PlainText>,
}

/// From the config that holds to `new`.
pub fn changes(old: &Config, new: &Config) -> Changes {
    let mut changes = Changes::default();
    changes.watcher(&old.watcher, &new.watcher);
    for before in &old.apps {
        if let Some(after) = new.apps.iter().find(|app| app.id == before.id) {
            changes.app(before, after);
        } else {
            changes.say(format!("app {} removed", before.id));
            changes.left.insert(before.id.clone());
        }
    }
    for app in &new.apps {
        if old.apps.iter().all(|before| before.id != app.id) {
            changes.say(format!("app {} added", app.id));
        }
    }
    let (before, after) = (&old.access, &new.access);
    changes.names("admins", &before.admins, &after.admins);
    changes.names("operators", &before.operators, &after.operators);
    changes.part("two_person", &before.two_person, &after.two_person);
    changes.whole("plans", &old.plans, &new.plans);
    changes.whole("freezes", &old.freezes, &new.freezes);
    changes.whole("trains", &old.trains, &new.trains);
    let names = |config: &Config| -> BTreeSet<PlainText> {
        let channels = config.telling.channels.iter();
        channels.map(|channel| channel.name.clone()).collect()
    };
    let (before, after) = (names(old), names(new));
    changes.names("channels", &before, &after);
    if before == after {
        let channels = |config: &Config| seen(&(&config.telling, &config.channels));
        changes.whole("channels", &channels(old), &channels(new));
    }
    changes.whole("heartbeat", &old.heartbeat, &new.heartbeat);
    changes.whole("on call", &seen(&old.on_call), &seen(&new.on_call));
    for channel in &new.channels {
        let mut all = old.channels.iter();
        let known = all.find(|known| known.name == channel.name);
        let was_usable =
            known.is_none_or(|known| !matches!(known.kind, ChannelKind::Unusable { .. }));
        if let ChannelKind::Unusable { why, .. } = &channel.kind
            && was_usable
        {
            let lost = format!("the channel {}: {why}", channel.name);
            changes.lost.push(lost.into());
        }
    }
    changes
}

impl Changes {
    fn say(&mut self, words: impl Into<PlainText>) {
        self.words.push(words.into());
    }

    /// One thing with its values.
    fn part<T: PartialEq + Debug>(&mut self, what: &str, before: &T, after: &T) {
        if before != after {
            self.say(format!("{what} {before:?} → {after:?}"));
        }
    }

    /// Something that says too much to be repeated.
    fn whole<T: PartialEq>(&mut self, what: &str, before: &T, after: &T) {
        if before != after {
            self.say(format!("{what} changed"));
        }
    }

    fn span(&mut self, what: &str, before: TimeDelta, after: TimeDelta) {
        if before != after {
            self.say(format!("{what} {} → {}", length(before), length(after)));
        }
    }

    /// Who or what is on a list.
    fn names(&mut self, what: &str, before: &BTreeSet<PlainText>, after: &BTreeSet<PlainText>) {
        let listed = |names: Vec<&PlainText>| {
            let names: Vec<&str> = names.into_iter().map(PlainText::as_str).collect();
            names.join(", ")
        };
        let (come, gone) = (after.difference(before), before.difference(after));
        let (come, gone) = (listed(come.collect()), listed(gone.collect()));
        if !come.is_empty() {
            self.say(format!("{what}: {come} added"));
        }
        if !gone.is_empty() {
            self.say(format!("{what}: {gone} removed"));
        }
    }

    fn watcher(&mut self, before: &WatcherConfig, after: &WatcherConfig) {
        let WatcherConfig {
            poll,
            state,
            socket,
            listen,
            clock,
            request_timeout,
            budgets,
        } = after;
        self.span("poll", before.poll, *poll);
        let timeouts = (before.request_timeout, *request_timeout);
        self.span("request_timeout", timeouts.0, timeouts.1);
        self.whole("budgets", &before.budgets, budgets);
        for (what, same) in [
            ("state", before.state == *state),
            ("socket", before.socket == *socket),
            ("listen", before.listen == *listen),
            ("clock", before.clock == *clock),
        ] {
            if !same {
                self.say(format!("{what} changed: that needs a restart"));
            }
        }
    }

    fn app(&mut self, before: &AppConfig, after: &AppConfig) {
        let AppConfig {
            id,
            name,
            store,
            health,
            policy,
            baseline,
            advise,
            start,
            train,
            owner,
            link,
            stalled_after,
            fallback,
        } = after;
        let first = self.words.len();
        self.whole("name", &before.name, name);
        let (was, is) = (place(&before.store), place(store));
        let known = matches!((&was, &is), (Some(was), Some(is)) if was != is);
        if known || before.store.kind() != store.kind() {
            self.say("on another store");
            self.left.insert(id.clone());
        } else {
            // Kept apart: that a key cannot be had is no change of the file.
            self.whole("store", &seen(&before.store), &seen(store));
        }
        self.whole("health", &seen(&before.health), &seen(health));
        if before.policy.name != policy.name {
            self.say(format!("policy {} → {}", before.policy.name, policy.name));
        }
        for difference in change::compare(&before.policy, policy) {
            self.say(format!("policy {}: {}", policy.name, difference.words));
        }
        self.whole("baseline", &words(&before.baseline), &words(baseline));
        let mode = |advise| if advise { "advise" } else { "act" };
        if before.advise != *advise {
            self.say(format!("mode {} → {}", mode(before.advise), mode(*advise)));
        }
        self.part("start", &before.start, start);
        self.whole("train", &before.train, train);
        self.whole("owner", &before.owner, owner);
        self.whole("link", &before.link, link);
        self.span("stalled_after", before.stalled_after, *stalled_after);
        self.whole("fallback", &before.fallback, fallback);
        for words in self.words.iter_mut().skip(first) {
            *words = format!("{id}: {words}").into();
        }
        self.lose(before, after);
    }

    fn lose(&mut self, before: &AppConfig, after: &AppConfig) {
        let id = &after.id;
        if let StoreConfig::Unusable { why, .. } = &after.store
            && !matches!(before.store, StoreConfig::Unusable { .. })
        {
            self.lost.push(format!("{id}, its store: {why}").into());
        }
        for source in &after.health {
            let known = before.health.iter().find(|known| known.id == source.id);
            let was_usable =
                known.is_none_or(|known| !matches!(known.source, SourceConfig::Unusable { .. }));
            if let SourceConfig::Unusable { why } = &source.source
                && was_usable
            {
                self.lost.push(format!("{id}, {}: {why}", source.id).into());
            }
        }
    }
}

/// What tells two of a kind apart, but for their secrets: those show themselves as hidden.
fn seen(config: &impl Debug) -> String {
    format!("{config:?}")
}

/// Where an app is found; `None` where its key cannot be had, which says nothing of that.
fn place(store: &StoreConfig) -> Option<(&str, &str, &str)> {
    match store {
        StoreConfig::GooglePlay {
            package,
            track,
            base_url,
            ..
        } => Some((package, track, base_url)),
        StoreConfig::AppStore {
            bundle_id,
            base_url,
            ..
        } => Some((bundle_id, "", base_url)),
        StoreConfig::Unusable { .. } => None,
    }
}

fn words(baseline: &BaselineConfig) -> &str {
    match baseline {
        BaselineConfig::Previous => "previous",
        BaselineConfig::Build(build) => build.as_str(),
        BaselineConfig::None => "none",
    }
}

fn length(span: TimeDelta) -> String {
    let span = span.to_std().unwrap_or_default();
    humantime::format_duration(span).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;
    use crate::config::Surroundings;

    const CONFIG: &str = r#"
        [watcher]
        poll = "60s"
        [access]
        admins = ["alice"]
        [[app]]
        id = "shop-ios"
        policy = "strict"
        [app.store]
        kind = "google-play"
        package = "com.example.shop"
        credentials = "file:play.json"
        [[policy.strict.rule]]
        id = "crash-free-limit"
        metric = "crash_free_sessions"
        floor = "99%"
        action = "halt"
        "#;

    fn config(text: &str) -> Config {
        let around = Surroundings::default();
        let path = std::path::Path::new("/nonexistent/haltline.toml");
        load::of_text(path, text, &around).config.unwrap()
    }

    fn differ(change: impl Fn(&str) -> String) -> Changes {
        changes(&config(CONFIG), &config(&change(CONFIG)))
    }

    fn words(changes: &Changes) -> Vec<&str> {
        changes.words.iter().map(PlainText::as_str).collect()
    }

    #[test]
    fn a_difference_is_said_in_words() {
        assert_eq!(differ(str::to_owned), Changes::default());
        let said = differ(|text| {
            text.replace("60s", "30s")
                .replace(r#"["alice"]"#, r#"["bob"]"#)
                .replace(r#"floor = "99%""#, r#"floor = "98%""#)
                .replace(
                    r#"policy = "strict""#,
                    "policy = \"strict\"\nmode = \"advise\"",
                )
                .replace("[access]", "state = \"/var/lib/other\"\n[access]")
        });
        assert_eq!(
            words(&said),
            [
                "poll 1m → 30s",
                "state changed: that needs a restart",
                // It lies beside the journal, where nothing else is said.
                "socket changed: that needs a restart",
                "shop-ios: policy strict: rule crash-free-limit: floor 99.00% → 98.00% (looser)",
                "shop-ios: mode act → advise",
                "admins: bob added",
                "admins: alice removed",
            ]
        );
        assert!(said.left.is_empty() && said.lost.is_empty());
    }

    #[test]
    fn an_app_that_is_gone_or_elsewhere_is_left() {
        let renamed = differ(|text| text.replace("shop-ios", "shop"));
        assert_eq!(words(&renamed), ["app shop-ios removed", "app shop added"]);
        assert_eq!(renamed.left.len(), 1);
    }
}
