//! Every channel, as it is set up against one base; and messages for them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use haltline::domain::{
    AppId, IncidentChange, IncidentNews, PlainText, StoreKind, Timestamp, Urgency, Version,
};
use haltline::http::{BaseUrl, Client, Limits};
use haltline::notify::{LIMITS, alertmanager, ntfy, pagerduty, slack, teams, webhook};
use haltline::ports::{About, Clock, Message, Notifier, SimClock};

/// Every secret of every channel has this in it.
pub(crate) const SECRET: &str = "s3cr3tK3y";
pub(crate) const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

/// What a channel is made with.
pub(crate) struct Kit {
    pub(crate) base: String,
    pub(crate) http: Client,
    pub(crate) clock: Arc<SimClock>,
}

impl Kit {
    pub(crate) fn new(base: &str) -> Self {
        Self::patient(base, LIMITS.total)
    }

    pub(crate) fn patient(base: &str, total: Duration) -> Self {
        let limits = Limits { total, ..LIMITS };
        Self {
            base: base.to_owned(),
            http: Client::new(limits).unwrap(),
            clock: Arc::new(SimClock::starting_at(at(10))),
        }
    }

    fn base(&self) -> BaseUrl {
        BaseUrl::parse(&self.base).unwrap()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    pub(crate) fn pagerduty(&self) -> pagerduty::PagerDuty {
        let settings = pagerduty::Settings {
            routing_key: format!("{SECRET}0123456789abcdefghijkl").into(),
            base: self.base(),
            host: "jump1".into(),
        };
        pagerduty::PagerDuty::new(
            "pagerduty".into(),
            settings,
            self.http.clone(),
            self.clock(),
        )
    }

    pub(crate) fn slack_webhook(&self) -> slack::Slack {
        let url = format!("{}/services/T0/B0/{SECRET}", self.base).into();
        let settings = slack::Settings::Webhook { url };
        slack::Slack::new(
            "slack-webhook".into(),
            settings,
            self.http.clone(),
            self.clock(),
        )
        .unwrap()
    }

    pub(crate) fn slack_bot(&self) -> slack::Slack {
        let settings = slack::Settings::Bot {
            token: format!("xoxb-{SECRET}").into(),
            channel: "#releases".into(),
            base: self.base(),
        };
        slack::Slack::new(
            "slack-bot".into(),
            settings,
            self.http.clone(),
            self.clock(),
        )
        .unwrap()
    }

    pub(crate) fn alertmanager(&self) -> alertmanager::Alertmanager {
        let settings = alertmanager::Settings {
            base: self.base(),
            user: None,
            token: Some(format!("am-{SECRET}").into()),
            host: "jump1".into(),
            beat_every: TimeDelta::minutes(1),
        };
        alertmanager::Alertmanager::new("alerts".into(), settings, self.http.clone(), self.clock())
    }

    pub(crate) fn teams(&self) -> teams::Teams {
        let url = format!("{}/workflows/1/triggers/manual?sig={SECRET}", self.base).into();
        let settings = teams::Settings { url };
        teams::Teams::new("teams".into(), &settings, self.http.clone(), self.clock()).unwrap()
    }

    pub(crate) fn ntfy(&self) -> ntfy::Ntfy {
        let settings = ntfy::Settings {
            base: self.base(),
            topic: format!("releases-{SECRET}").into(),
            token: Some(format!("tk_{SECRET}").into()),
        };
        ntfy::Ntfy::new("ntfy".into(), settings, self.http.clone(), self.clock())
    }

    pub(crate) fn webhook(&self) -> webhook::Webhook {
        let settings = webhook::Settings {
            url: format!("{}/hook/{SECRET}?token={SECRET}", self.base).into(),
            secret: Some(WHSEC.into()),
            headers: vec![("x-gateway".into(), format!("gw {SECRET}").into())],
            host: "jump1".into(),
        };
        webhook::Webhook::new("webhook".into(), settings, self.http.clone(), self.clock()).unwrap()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Box<dyn Notifier>> {
        vec![
            Box::new(self.pagerduty()),
            Box::new(self.slack_webhook()),
            Box::new(self.slack_bot()),
            Box::new(self.alertmanager()),
            Box::new(self.teams()),
            Box::new(self.ntfy()),
            Box::new(self.webhook()),
        ]
    }
}

pub(crate) fn about() -> About {
    About {
        app: AppId::try_from("shop-android".to_owned()).unwrap(),
        name: "Shop".into(),
        store: StoreKind::GooglePlay,
        version: Some(Version::from_code(84300)),
        release: "8.43.0 (84300)".into(),
    }
}

pub(crate) const KEY: &str = "haltline/shop-android/84300";

/// A page that opens an incident.
pub(crate) fn opened() -> Message {
    Message {
        ids: vec![7],
        at: at(0),
        urgency: Urgency::Page,
        text: "halted at 25%: crash-free sessions 98.10%, limit 99.85%".into(),
        digest: Vec::new(),
        about: Some(about()),
        facts: vec![("crash-free sessions".into(), "98.10% of 12,480".into())],
        command: Some("haltline acknowledge shop-android --reason …".into()),
        link: Some("https://grafana.example.com/d/1".into()),
        on_call: Some("alice".into()),
        incident: Some(IncidentNews {
            key: KEY.into(),
            change: IncidentChange::Opened,
        }),
        thread: None,
    }
}

/// What comes of it later.
pub(crate) fn later(change: IncidentChange, thread: Option<PlainText>) -> Message {
    let incident = IncidentNews {
        key: KEY.into(),
        change,
    };
    Message {
        ids: vec![9],
        at: at(5),
        urgency: Urgency::Info,
        text: "alice looks at it".into(),
        incident: Some(incident),
        thread,
        ..opened()
    }
}
