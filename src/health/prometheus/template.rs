//! Queries with holes: PromQL in which `{version}`, `{build}`, `{release}`, `{package}` and `{window}` are filled in.
//!
//! Owns where a hole may stand and how what fills it is quoted: a version's name comes from outside, and must not be able to
//! end the text that it stands in. Must not know PromQL beyond its quotes, comments and matchers.

use std::fmt::Write as _;

/// A query, checked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
    /// Which label holds the whole of `{release}`.
    label: Option<Label>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Hole, Quoting),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    Version,
    Build,
    Release,
    Package,
    Window,
}

/// What stands around a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    Bare,
    Text,
    /// The text is a regular expression.
    Pattern,
}

/// `app_sessions_total{app_version="{release}"}`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    pub(super) name: String,
    /// Name of the series, where it stands before the brace.
    pub(super) series: Option<String>,
}

/// A query that cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    #[error(
        "{{{0}}} is not known in a query; known are {{version}}, {{build}}, {{release}}, {{package}} and {{window}}"
    )]
    UnknownHole(String),
    #[error("{{{0}}} has to stand in quotes, as in app_build=\"{{build}}\"")]
    Unquoted(&'static str),
    #[error("{{{0}}} cannot stand in backquotes: use \"…\"")]
    Backquoted(&'static str),
    #[error("{{window}} is a duration, as in increase(x[{{window}}]), and stands in no quotes")]
    QuotedWindow,
    #[error(
        "the query has neither {{version}} nor {{build}} nor {{release}}: it would count all versions"
    )]
    AllVersions,
}

/// What fills the holes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling<'a> {
    pub(super) version: Option<&'a str>,
    pub(super) build: &'a str,
    pub(super) release: Option<&'a str>,
    pub(super) package: &'a str,
    /// `5m`
    pub(super) window: &'a str,
}

impl Hole {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "version" => Self::Version,
            "build" => Self::Build,
            "release" => Self::Release,
            "package" => Self::Package,
            "window" => Self::Window,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Build => "build",
            Self::Release => "release",
            Self::Package => "package",
            Self::Window => "window",
        }
    }
}

impl Template {
    pub(super) fn parse(raw: &str) -> Result<Self, BadTemplate> {
        let mut template = Self {
            parts: Vec::new(),
            label: None,
        };
        let mut reading = Reading::default();
        let mut chars = raw.chars();
        while let Some(c) = chars.clone().next() {
            if let Some((name, rest)) = hole_at(chars.as_str()) {
                let hole =
                    Hole::named(name).ok_or_else(|| BadTemplate::UnknownHole(name.into()))?;
                let quoting = reading.quoting(hole)?;
                if hole == Hole::Release && template.label.is_none() {
                    template.label = reading.label_before(rest);
                }
                template.parts.push(Part::Hole(hole, quoting));
                chars = rest.chars();
                continue;
            }
            chars.next();
            reading.take(c);
            match template.parts.last_mut() {
                Some(Part::Text(text)) => text.push(c),
                _ => template.parts.push(Part::Text(c.to_string())),
            }
        }
        let has = |hole| template.holes().any(|other| other == hole);
        if !(has(Hole::Version) || has(Hole::Build) || has(Hole::Release)) {
            return Err(BadTemplate::AllVersions);
        }
        Ok(template)
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole, _) => Some(*hole),
            Part::Text(_) => None,
        })
    }

    pub(super) fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// `Err` names the hole that nobody can fill.
    pub(super) fn fill(&self, with: Filling<'_>) -> Result<String, Hole> {
        let mut query = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => query.push_str(text),
                Part::Hole(hole, quoting) => {
                    let value = match hole {
                        Hole::Version => with.version,
                        Hole::Build => Some(with.build),
                        Hole::Release => with.release,
                        Hole::Package => Some(with.package),
                        Hole::Window => Some(with.window),
                    };
                    let value = value.ok_or(*hole)?;
                    match quoting {
                        Quoting::Bare => query.push_str(value),
                        Quoting::Text => query.push_str(&quoted(value)),
                        Quoting::Pattern => query.push_str(&quoted(&literal(value))),
                    }
                }
            }
        }
        Ok(query)
    }
}

/// `{word}` at the start of a text, and what follows. A brace of a selector is followed by more than a word.
fn hole_at(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('{')?.split_once('}')?;
    let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    word.then_some((name, rest))
}

/// Where in a query one is.
#[derive(Default)]
struct Reading {
    seen: String,
    quote: Option<char>,
    escaped: bool,
    pattern: bool,
    comment: bool,
}

impl Reading {
    fn take(&mut self, c: char) {
        match self.quote {
            _ if self.comment => self.comment = c != '\n',
            Some(_) if self.escaped => self.escaped = false,
            Some(quote) if c == '\\' && quote != '`' => self.escaped = true,
            Some(quote) if c == quote => self.quote = None,
            None if c == '#' => self.comment = true,
            None if matches!(c, '"' | '\'' | '`') => {
                self.quote = Some(c);
                let before = self.seen.trim_end();
                self.pattern = before.ends_with("=~") || before.ends_with("!~");
            }
            Some(_) | None => {}
        }
        self.seen.push(c);
    }

    fn quoting(&self, hole: Hole) -> Result<Quoting, BadTemplate> {
        let quote = self.quote.filter(|_| !self.comment);
        match (hole, quote) {
            (Hole::Window, None) => Ok(Quoting::Bare),
            (Hole::Window, Some(_)) => Err(BadTemplate::QuotedWindow),
            (hole, None) => Err(BadTemplate::Unquoted(hole.name())),
            (hole, Some('`')) => Err(BadTemplate::Backquoted(hole.name())),
            (_, Some(_)) if self.pattern => Ok(Quoting::Pattern),
            (_, Some(_)) => Ok(Quoting::Text),
        }
    }

    /// The label whose whole value is the hole that comes next, `rest` being what follows it.
    fn label_before(&self, rest: &str) -> Option<Label> {
        let quote = self.quote?;
        let head = self.seen.strip_suffix(quote)?.trim_end();
        let head = head.strip_suffix("=~").or_else(|| head.strip_suffix('='))?;
        let name = last_word(head)?;
        let before = head.rsplit_once('{').map(|(before, _)| before);
        rest.starts_with(quote).then(|| Label {
            name: name.to_owned(),
            series: before.and_then(last_word).map(str::to_owned),
        })
    }
}

fn last_word(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let word = text.trim_end_matches(of_word);
    text.strip_prefix(word).filter(|word| !word.is_empty())
}

/// For the inside of either kind of quotes. PromQL takes `\'` in single quotes only and `\"` in double ones only; a byte by its
/// number it takes in both.
pub(super) fn quoted(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, '\\' | '"' | '\'') || c.is_ascii_control() {
            // Writing to a text cannot fail.
            let _written = write!(out, "\\x{:02x}", u32::from(c)).is_ok();
        } else {
            out.push(c);
        }
    }
    out
}

/// As a regular expression that matches this text alone.
fn literal(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITH: Filling<'_> = Filling {
        version: Some("8.43.0"),
        build: "84300",
        release: Some("8.43.0+84300"),
        package: "com.example.shop",
        window: "5m",
    };

    fn filled(raw: &str) -> String {
        Template::parse(raw).unwrap().fill(WITH).unwrap()
    }

    #[test]
    fn holes_are_filled_and_braces_of_selectors_stay() {
        assert_eq!(
            filled(r#"sum by (os) (increase(x{v="{version}", b='{build}', a!="{}"}[{window}]))"#),
            r#"sum by (os) (increase(x{v="8.43.0", b='84300', a!="{}"}[5m]))"#
        );
        assert_eq!(
            filled(r#"x{r =~ "{release}|y", p!~"{package}{2}"}"#),
            r#"x{r =~ "8\x5c.43\x5c.0\x5c+84300|y", p!~"com\x5c.example\x5c.shop{2}"}"#
        );
    }

    #[test]
    fn what_fills_a_hole_cannot_leave_its_quotes() {
        let with = Filling {
            version: Some("8\"} or 'y' \\ \n"),
            ..WITH
        };
        let template = Template::parse(r#"x{v="{version}"}"#).unwrap();
        assert_eq!(
            template.fill(with).unwrap(),
            r#"x{v="8\x22} or \x27y\x27 \x5c \x0a"}"#
        );
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (raw, wanted) in [
            (
                r#"x{v="{versoin}"}[{window}]"#,
                BadTemplate::UnknownHole("versoin".into()),
            ),
            ("x[{window}] == {build}", BadTemplate::Unquoted("build")),
            (
                "x{v=`{version}`}[{window}]",
                BadTemplate::Backquoted("version"),
            ),
            (
                r#"x{v="{version}",w="{window}"}"#,
                BadTemplate::QuotedWindow,
            ),
            (r#"x{p="{package}"}[{window}]"#, BadTemplate::AllVersions),
            (
                "x[{window}] # \"{version}\"",
                BadTemplate::Unquoted("version"),
            ),
            (
                r#"x{a="\"{b=1}", v={version}}"#,
                BadTemplate::Unquoted("version"),
            ),
        ] {
            assert_eq!(Template::parse(raw), Err(wanted), "{raw}");
        }
    }

    #[test]
    fn the_label_of_a_release_is_found() {
        for (raw, wanted) in [
            (
                r#"sum(increase(app:sessions{os="ios", app_version = "{release}"}[{window}]))"#,
                Some(("app_version", Some("app:sessions"))),
            ),
            (r"{v=~'{release}'}", Some(("v", None))),
            (r#"x{v="{release}-debug"}"#, None),
            (r#"x{v!="{release}"}"#, None),
            (r#"x{v="{build}"}"#, None),
        ] {
            let found = Template::parse(raw).unwrap();
            let found = found
                .label()
                .map(|l| (l.name.as_str(), l.series.as_deref()));
            assert_eq!(found, wanted, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_value_ends_its_quotes(raw in ".{0,60}", value in ".{0,20}") {
            drop(Template::parse(&raw));
            let inside = quoted(&value);
            prop_assert!(!inside.contains(['"', '\'', '\n']));
        }
    }
}
