//! The questions, as SQL with named parameters.
//!
//! Owns the text of every statement. Each reads one table, and counts of the two tables are put together by the adapter:
//! the query that Google publishes joins them and filters the right side of a LEFT JOIN, which drops every window without a
//! crash. Table names are part of the text; the config lets nothing but letters, digits and underscores into them. All else
//! is a parameter. Aliases are no names of columns, since those would win in GROUP BY.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::domain::{Timestamp, Version};

/// A statement and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) sql: String,
    parameters: Vec<(&'static str, Parameter)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Parameter {
    Time(Timestamp),
    Text(String),
    Texts(Vec<String>),
}

impl Question {
    /// As BigQuery takes them.
    pub(super) fn parameters(&self) -> Value {
        let one = |(name, parameter): &(&str, Parameter)| {
            let (kind, value) = match parameter {
                Parameter::Time(time) => {
                    let value = time.to_rfc3339_opts(SecondsFormat::Micros, true);
                    (json!({"type": "TIMESTAMP"}), json!({ "value": value }))
                }
                Parameter::Text(text) => (json!({"type": "STRING"}), json!({ "value": text })),
                Parameter::Texts(texts) => {
                    let values: Vec<Value> =
                        texts.iter().map(|text| json!({ "value": text })).collect();
                    (
                        json!({"type": "ARRAY", "arrayType": {"type": "STRING"}}),
                        json!({ "arrayValues": values }),
                    )
                }
            };
            json!({"name": name, "parameterType": kind, "parameterValue": value})
        };
        self.parameters.iter().map(one).collect()
    }
}

/// The two tables of one app.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// `project.dataset.table`
    pub(super) sessions: String,
    pub(super) crashes: String,
}

/// Which builds, and from when until when (inclusive).
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) builds: Vec<String>,
    /// Marketing versions, where the store tells them: build numbers may begin anew with each.
    pub(super) names: Vec<String>,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

impl Scope {
    pub(super) fn of<'a>(
        versions: impl IntoIterator<Item = &'a Version>,
        (since, until): (Timestamp, Timestamp),
    ) -> Self {
        let (mut builds, mut names) = (Vec::new(), Vec::new());
        for version in versions {
            builds.push(version.build.to_string());
            names.extend(version.name.as_ref().map(ToString::to_string));
        }
        Self {
            builds,
            names,
            since,
            until,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, Parameter)> {
        let mut all = vec![
            ("since", Parameter::Time(self.since)),
            ("until", Parameter::Time(self.until)),
            ("builds", Parameter::Texts(self.builds.clone())),
        ];
        if !self.names.is_empty() {
            all.push(("names", Parameter::Texts(self.names.clone())));
        }
        all
    }

    fn wanted(&self) -> &'static str {
        if self.names.is_empty() {
            "event_timestamp >= @since AND event_timestamp <= @until AND application.build_version IN UNNEST(@builds)"
        } else {
            "event_timestamp >= @since AND event_timestamp <= @until AND application.build_version IN UNNEST(@builds) \
             AND application.display_version IN UNNEST(@names)"
        }
    }
}

const STARTS: &str = "event_type = 'SESSION_START'";
const VERSION: &str = "application.display_version AS v, application.build_version AS b";

/// How wide a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    Hour,
    Day,
}

impl Grain {
    fn bucket(self) -> &'static str {
        match self {
            Self::Hour => "TIMESTAMP_TRUNC(event_timestamp, HOUR) AS t",
            Self::Day => "TIMESTAMP_TRUNC(event_timestamp, DAY) AS t",
        }
    }
}

impl Tables {
    /// `v`, `b`, `sessions`, `users`, `newest` of every version.
    pub(super) fn versions(&self, since: Timestamp) -> Question {
        Question {
            sql: format!(
                "SELECT {VERSION}, COUNT(DISTINCT session_id) AS sessions, COUNT(DISTINCT instance_id) AS users, \
                 MAX(event_timestamp) AS newest FROM `{}` WHERE event_timestamp >= @since AND {STARTS} \
                 GROUP BY v, b ORDER BY sessions DESC",
                self.sessions
            ),
            parameters: vec![("since", Parameter::Time(since))],
        }
    }

    /// `events`, `newest` of all crashes, ANRs and errors: a table that takes in one kind takes in all.
    pub(super) fn newest_crash(&self, since: Timestamp) -> Question {
        Question {
            sql: format!(
                "SELECT COUNT(DISTINCT event_id) AS events, MAX(event_timestamp) AS newest FROM `{}` \
                 WHERE event_timestamp >= @since",
                self.crashes
            ),
            parameters: vec![("since", Parameter::Time(since))],
        }
    }

    /// `sessions` of all versions.
    pub(super) fn sessions_since(&self, since: Timestamp) -> Question {
        Question {
            sql: format!(
                "SELECT COUNT(DISTINCT session_id) AS sessions FROM `{}` WHERE event_timestamp >= @since AND {STARTS}",
                self.sessions
            ),
            parameters: vec![("since", Parameter::Time(since))],
        }
    }

    /// `first`: when the first of these sessions began.
    pub(super) fn first_session(&self, scope: &Scope) -> Question {
        Question {
            sql: format!(
                "SELECT MIN(event_timestamp) AS first FROM `{}` WHERE {} AND {STARTS}",
                self.sessions,
                scope.wanted()
            ),
            parameters: scope.parameters(),
        }
    }

    /// `v`, `b`, `t`, perhaps `os`, `n`: sessions by hour.
    pub(super) fn sessions(&self, scope: &Scope, os: bool) -> Question {
        let (select, group) = part(os);
        Question {
            sql: format!(
                "SELECT {VERSION}, {}{select}, COUNT(DISTINCT session_id) AS n FROM `{}` WHERE {} AND {STARTS} \
                 GROUP BY v, b, t{group} ORDER BY t",
                Grain::Hour.bucket(),
                self.sessions,
                scope.wanted()
            ),
            parameters: scope.parameters(),
        }
    }

    /// The same of sessions that crashed. A crash that older kits report without its session is one of its own.
    pub(super) fn crashed_sessions(&self, scope: &Scope, os: bool) -> Question {
        let (select, group) = part(os);
        Question {
            sql: format!(
                "SELECT {VERSION}, {}{select}, COUNT(DISTINCT IFNULL(firebase_session_id, event_id)) AS n FROM `{}` \
                 WHERE {} AND error_type = 'FATAL' GROUP BY v, b, t{group} ORDER BY t",
                Grain::Hour.bucket(),
                self.crashes,
                scope.wanted()
            ),
            parameters: scope.parameters(),
        }
    }

    /// `v`, `b`, `t`, `n`: users by day.
    pub(super) fn users(&self, scope: &Scope) -> Question {
        Question {
            sql: format!(
                "SELECT {VERSION}, {}, COUNT(DISTINCT instance_id) AS n FROM `{}` WHERE {} AND {STARTS} \
                 GROUP BY v, b, t ORDER BY t",
                Grain::Day.bucket(),
                self.sessions,
                scope.wanted()
            ),
            parameters: scope.parameters(),
        }
    }

    /// `v`, `b`, `t`, `kind`, `n`: users by day who met a crash, or an ANR.
    pub(super) fn hit_users(&self, scope: &Scope) -> Question {
        Question {
            sql: format!(
                "SELECT {VERSION}, {}, error_type AS kind, COUNT(DISTINCT installation_uuid) AS n FROM `{}` \
                 WHERE {} AND error_type IN UNNEST(@kinds) GROUP BY v, b, t, kind ORDER BY t",
                Grain::Day.bucket(),
                self.crashes,
                scope.wanted()
            ),
            parameters: with_kinds(scope),
        }
    }

    /// `issue`, `title`, `subtitle`, `events`, `users`: the top ones.
    pub(super) fn issues(&self, scope: &Scope) -> Question {
        Question {
            sql: format!(
                "SELECT issue_id AS issue, MAX(issue_title) AS title, MAX(issue_subtitle) AS subtitle, \
                 COUNT(DISTINCT event_id) AS events, COUNT(DISTINCT installation_uuid) AS users FROM `{}` \
                 WHERE {} AND error_type IN UNNEST(@kinds) GROUP BY issue ORDER BY users DESC, events DESC, issue LIMIT 25",
                self.crashes,
                scope.wanted()
            ),
            parameters: with_kinds(scope),
        }
    }

    /// `issue`, `first`, `oldest`: since when each is there, and the lowest build that it was seen in. Builds are compared as
    /// numbers: as text "9" is more than "84300".
    pub(super) fn history(&self, issues: Vec<String>, since: Timestamp) -> Question {
        Question {
            sql: format!(
                "SELECT issue_id AS issue, MIN(event_timestamp) AS first, \
                 MIN(SAFE_CAST(application.build_version AS INT64)) AS oldest FROM `{}` \
                 WHERE event_timestamp >= @since AND issue_id IN UNNEST(@issues) GROUP BY issue",
                self.crashes
            ),
            parameters: vec![
                ("since", Parameter::Time(since)),
                ("issues", Parameter::Texts(issues)),
            ],
        }
    }

    /// `a`, `b`, `events`, `newest`: events of one issue by two columns, the most frequent first.
    fn of_issue(&self, scope: &Scope, issue: &str, columns: &str) -> Question {
        let mut parameters = scope.parameters();
        parameters.push(("issue", Parameter::Text(issue.to_owned())));
        Question {
            sql: format!(
                "SELECT {columns}, MAX(issue_title) AS title, MAX(issue_subtitle) AS subtitle, \
                 COUNT(DISTINCT event_id) AS events, MAX(event_timestamp) AS newest FROM `{}` \
                 WHERE {} AND issue_id = @issue GROUP BY x, y ORDER BY events DESC LIMIT 10",
                self.crashes,
                scope.wanted()
            ),
            parameters,
        }
    }

    /// `x`, the frame, and `y`, its file.
    pub(super) fn frames(&self, scope: &Scope, issue: &str) -> Question {
        self.of_issue(
            scope,
            issue,
            "blame_frame.symbol AS x, blame_frame.file AS y",
        )
    }

    /// `x`, the manufacturer, and `y`, the model.
    pub(super) fn devices(&self, scope: &Scope, issue: &str) -> Question {
        self.of_issue(scope, issue, "device.manufacturer AS x, device.model AS y")
    }

    /// `x`, the system, and `y`, its version.
    pub(super) fn systems(&self, scope: &Scope, issue: &str) -> Question {
        self.of_issue(
            scope,
            issue,
            "operating_system.name AS x, operating_system.display_version AS y",
        )
    }
}

pub(super) const FATAL: &str = "FATAL";
pub(super) const ANR: &str = "ANR";

fn with_kinds(scope: &Scope) -> Vec<(&'static str, Parameter)> {
    let mut parameters = scope.parameters();
    let kinds = [FATAL, ANR].map(str::to_owned).to_vec();
    parameters.push(("kinds", Parameter::Texts(kinds)));
    parameters
}

fn part(os: bool) -> (&'static str, &'static str) {
    if os {
        (", operating_system.display_version AS os", ", os")
    } else {
        ("", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_their_types_and_all_that_is_named_is_there() {
        let at: Timestamp = "2026-11-19T00:00:00Z".parse().unwrap();
        let scope = Scope::of([&Version::named("8.43.0", "84300")], (at, at));
        let tables = Tables {
            sessions: "p.firebase_sessions.t".into(),
            crashes: "p.firebase_crashlytics.t".into(),
        };
        let all = [
            tables.versions(at),
            tables.newest_crash(at),
            tables.sessions_since(at),
            tables.first_session(&scope),
            tables.sessions(&scope, true),
            tables.crashed_sessions(&scope, false),
            tables.users(&scope),
            tables.hit_users(&scope),
            tables.issues(&scope),
            tables.history(vec!["1".into()], at),
            tables.frames(&scope, "1"),
            tables.devices(&scope, "1"),
            tables.systems(&scope, "1"),
        ];
        for question in all {
            let named: std::collections::BTreeSet<&str> = question
                .sql
                .split('@')
                .skip(1)
                .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next())
                .collect();
            let given = question.parameters.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, given, "{}", question.sql);
            assert!(!question.sql.contains("JOIN"));
        }
        assert_eq!(
            tables.sessions_since(at).parameters(),
            json!([{"name": "since", "parameterType": {"type": "TIMESTAMP"}, "parameterValue": {"value": "2026-11-19T00:00:00.000000Z"}}])
        );
    }
}
