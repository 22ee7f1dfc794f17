//! From a config to channels to people, kind by kind; to the heartbeat, and to who is on call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use tokio::sync::watch;

use super::base;
use crate::config::{ChannelConfig, ChannelKind, Config, EmailConfig, OnCallConfig, Tls};
use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::Client;
use crate::notify::on_call::{self, Answer, pagerduty::Schedules};
use crate::notify::unavailable::Unavailable;
use crate::notify::{alertmanager, exec, ntfy, pagerduty, slack, smtp, teams, webhook};
use crate::policy::train::Train;
use crate::ports::{Clock, Notifier};
use crate::watcher::Heart;

/// Of the alert that is the heartbeat, where there is no [heartbeat]: nobody sends one then.
const NO_BEAT: TimeDelta = TimeDelta::minutes(1);
/// How long a rotation may be gone by without a look at the calendar.
const LONGEST_WATCH: TimeDelta = TimeDelta::hours(1);

/// Who is on call, kept right beside everything else.
pub(in crate::cli) type OnCall = watch::Receiver<Option<PlainText>>;

/// What channels are made with.
struct Means<'a> {
    http: Client,
    clock: &'a Arc<dyn Clock>,
    /// Where programs are run.
    folder: &'a Path,
    /// This machine.
    host: PlainText,
    beat_every: TimeDelta,
}

/// The channels, in the order of the config. One that cannot be made stands in as one that says why.
pub(in crate::cli) fn channels(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Vec<Arc<dyn Notifier>>> {
    let means = Means {
        http: client()?,
        clock,
        folder: &super::folder(config)?,
        host: crate::cli::identity::host(),
        beat_every: config.heartbeat.as_ref().map_or(NO_BEAT, |it| it.every),
    };
    let channels = config.channels.iter().map(|channel| {
        make(channel, &means).unwrap_or_else(|why| {
            let (name, word) = (channel.name.clone(), channel.kind.word());
            Arc::new(Unavailable::new(name, word, why))
        })
    });
    Ok(channels.collect())
}

/// Where haltline tells that it lives.
pub(in crate::cli) fn heart(config: &Config, channels: &[Arc<dyn Notifier>]) -> Option<Heart> {
    let heartbeat = config.heartbeat.as_ref()?;
    let mut all = channels.iter();
    let notifier = all.find(|channel| channel.name() == heartbeat.channel.as_str())?;
    Some(Heart {
        notifier: Arc::clone(notifier),
        every: heartbeat.every,
    })
}

/// Nobody is named.
pub(in crate::cli) fn nobody_on_call() -> OnCall {
    watch::channel(None).1
}

/// Who is on call, by a task of its own that ends once nobody listens. In a simulation nobody is.
pub(in crate::cli) fn on_call(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<OnCall> {
    let (tell, told) = watch::channel(None);
    let clock = Arc::clone(clock);
    match &config.on_call {
        None | Some(OnCallConfig::Unusable { .. }) => {}
        Some(_) if clock.is_discrete() => {}
        Some(OnCallConfig::Rotation(train)) => {
            let train = train.clone();
            let ask = move |now| std::future::ready(on_watch(&train, now));
            tokio::spawn(on_call::keep(ask, clock, tell));
        }
        Some(OnCallConfig::PagerDuty { .. }) => {
            let Some(schedules) = schedules(config, &clock)? else {
                return Ok(told);
            };
            let schedules = Arc::new(schedules);
            let ask = move |now| {
                let schedules = Arc::clone(&schedules);
                async move { schedules.now(now).await }
            };
            tokio::spawn(on_call::keep(ask, clock, tell));
        }
    }
    Ok(told)
}

/// Who is on call now, found out once; `None` where the config asks nobody.
pub(in crate::cli) async fn asked(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Result<Option<PlainText>, Failure>>> {
    Ok(match &config.on_call {
        None => None,
        Some(OnCallConfig::Unusable { why }) => Some(Err(why.clone())),
        Some(OnCallConfig::Rotation(train)) => Some(Ok(on_watch(train, clock.now()).who)),
        Some(OnCallConfig::PagerDuty { .. }) => match schedules(config, clock)? {
            Some(schedules) => Some(schedules.asked().await),
            None => None,
        },
    })
}

fn schedules(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Schedules>> {
    let Some(OnCallConfig::PagerDuty {
        schedules,
        token,
        base_url,
    }) = &config.on_call
    else {
        return Ok(None);
    };
    let settings = on_call::pagerduty::Settings {
        base: base(base_url)?,
        token: token.clone(),
        schedules: schedules.clone(),
    };
    let clock = Arc::clone(clock);
    Ok(Some(Schedules::new(settings, client()?, clock)))
}

fn on_watch(train: &Train, now: Timestamp) -> Answer {
    let watch = train.on_watch(now);
    let next = watch.as_ref().and_then(|watch| watch.next.as_ref());
    let next = next.map(|(until, _)| *until);
    let who = watch.as_ref().map(|watch| {
        let until = next.map(|until| format!(" until {}", train.local(until)));
        format!("{}{}", watch.owner, until.unwrap_or_default()).into()
    });
    let latest = now + LONGEST_WATCH;
    Answer {
        who,
        again: next.map_or(latest, |next| next.min(latest)),
    }
}

fn client() -> anyhow::Result<Client> {
    Client::new(crate::notify::LIMITS).context("cannot set up HTTP")
}

fn make(channel: &ChannelConfig, means: &Means<'_>) -> Result<Arc<dyn Notifier>, Failure> {
    let name = channel.name.clone();
    let (http, clock) = (means.http.clone(), Arc::clone(means.clock));
    Ok(match &channel.kind {
        ChannelKind::Log => Arc::new(crate::notify::Log),
        ChannelKind::PagerDuty {
            routing_key,
            base_url,
        } => {
            let settings = pagerduty::Settings {
                routing_key: routing_key.clone(),
                base: base(base_url)?,
                host: means.host.clone(),
            };
            Arc::new(pagerduty::PagerDuty::new(name, settings, http, clock))
        }
        ChannelKind::SlackWebhook { url } => {
            let settings = slack::Settings::Webhook { url: url.clone() };
            let slack = slack::Slack::new(name, settings, http, clock);
            Arc::new(slack.map_err(|error| refused(&error))?)
        }
        ChannelKind::SlackBot {
            token,
            channel,
            base_url,
        } => {
            let settings = slack::Settings::Bot {
                token: token.clone(),
                channel: channel.clone(),
                base: base(base_url)?,
            };
            let slack = slack::Slack::new(name, settings, http, clock);
            Arc::new(slack.map_err(|error| refused(&error))?)
        }
        ChannelKind::Alertmanager {
            base_url,
            user,
            token,
        } => {
            let settings = alertmanager::Settings {
                base: base(base_url)?,
                user: user.clone(),
                token: token.clone(),
                host: means.host.clone(),
                beat_every: means.beat_every,
            };
            Arc::new(alertmanager::Alertmanager::new(name, settings, http, clock))
        }
        ChannelKind::Teams { url } => {
            let settings = teams::Settings { url: url.clone() };
            let teams = teams::Teams::new(name, &settings, http, clock);
            Arc::new(teams.map_err(|error| refused(&error))?)
        }
        ChannelKind::Ntfy {
            base_url,
            topic,
            token,
        } => {
            let settings = ntfy::Settings {
                base: base(base_url)?,
                topic: topic.clone(),
                token: token.clone(),
            };
            Arc::new(ntfy::Ntfy::new(name, settings, http, clock))
        }
        ChannelKind::Email(email) => Arc::new(smtp::Smtp::new(name, mail(email, means))),
        ChannelKind::Webhook {
            url,
            secret,
            headers,
        } => {
            let settings = webhook::Settings {
                url: url.clone(),
                secret: secret.clone(),
                headers: headers.clone(),
                host: means.host.clone(),
            };
            let webhook = webhook::Webhook::new(name, settings, http, clock);
            Arc::new(webhook.map_err(|error| refused(&error))?)
        }
        ChannelKind::Exec { run, env, timeout } => {
            let settings = exec::Settings {
                run: run.clone(),
                env: env.clone(),
                timeout: timeout.to_std().unwrap_or(Duration::from_secs(30)),
                folder: means.folder.to_owned(),
                host: means.host.clone(),
            };
            Arc::new(exec::Exec::new(name, settings))
        }
        ChannelKind::Unusable { why, .. } => return Err(why.clone()),
    })
}

fn mail(email: &EmailConfig, means: &Means<'_>) -> smtp::Settings {
    smtp::Settings {
        host: email.host.clone(),
        port: email.port,
        tls: match email.tls {
            Tls::Starttls => smtp::Tls::Starttls,
            Tls::Implicit => smtp::Tls::Implicit,
            Tls::None => smtp::Tls::None,
        },
        ca: email.ca.clone(),
        login: email.login.clone(),
        from: email.from.clone(),
        to: email.to.clone(),
        own: means.host.clone(),
        limit: smtp::LIMIT,
    }
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Refused, error.to_string())
}
