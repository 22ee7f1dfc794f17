//! How the releases of an app are named at a vendor: `{package}@{version}+{build}`, or what the app's SDK was told.
//!
//! Owns reading and matching such names. Must not know a vendor or a wire.

use crate::domain::{PlainText, Version};

/// A release name with holes, checked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseTemplate {
    parts: Vec<Part>,
    package: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Version,
    Build,
}

/// A template that cannot name a release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    #[error(
        "{{{0}}} is not known in a release template; known are {{package}}, {{version}} and {{build}}"
    )]
    UnknownHole(String),
    #[error(
        "a release template has an open {{ without its }}; write {{package}}@{{version}}+{{build}}"
    )]
    Unclosed,
    #[error(
        "a release template needs {{version}} or {{build}}; write {{package}}@{{version}}+{{build}}"
    )]
    NoVersion,
    #[error("two holes of a release template need something between them")]
    Adjacent,
}

/// What a release name says; a part that the template has no hole for is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseName {
    pub version: Option<String>,
    pub build: Option<String>,
}

/// A piece of a pattern that release names match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Any,
}

impl ReleaseTemplate {
    /// `package` fills `{package}`.
    pub fn parse(raw: &str, package: &str) -> Result<Self, BadTemplate> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = raw;
        while let Some((text, after)) = rest.split_once('{') {
            push_text(&mut parts, text);
            let (hole, tail) = after.split_once('}').ok_or(BadTemplate::Unclosed)?;
            match hole {
                "package" => push_text(&mut parts, package),
                "version" | "build" => {
                    if matches!(parts.last(), Some(Part::Version | Part::Build)) {
                        return Err(BadTemplate::Adjacent);
                    }
                    parts.push(if hole == "build" {
                        Part::Build
                    } else {
                        Part::Version
                    });
                }
                other => return Err(BadTemplate::UnknownHole(other.to_owned())),
            }
            rest = tail;
        }
        push_text(&mut parts, rest);
        let names = parts
            .iter()
            .any(|part| matches!(part, Part::Version | Part::Build));
        if names {
            Ok(Self {
                parts,
                package: package.to_owned(),
            })
        } else {
            Err(BadTemplate::NoVersion)
        }
    }

    /// True where a version that is known by its build alone can be told from the others.
    pub fn names_builds(&self) -> bool {
        self.parts.contains(&Part::Build)
    }

    /// Reads a release name; `None` where it is another app's or does not follow the template.
    pub fn read(&self, release: &str) -> Option<ReleaseName> {
        walk(&self.parts, release, &ReleaseName::default())
    }

    /// Whether `release` is this version. A version without a name is matched by its build, whatever the name; then a
    /// template without `{build}` matches nothing.
    pub fn matches(&self, release: &str, version: &Version) -> bool {
        if version.name.is_none() && !self.names_builds() {
            return false;
        }
        let known = ReleaseName {
            version: version.name.as_ref().map(ToString::to_string),
            build: Some(version.build.to_string()),
        };
        walk(&self.parts, release, &known).is_some()
    }

    /// All release names that may be this version's, with `*` for what is not known of it: `*+84300`. `None` where the template
    /// cannot tell it from the others.
    pub fn pattern(&self, version: &Version) -> Option<Vec<Piece>> {
        if version.name.is_none() && !self.names_builds() {
            return None;
        }
        let known = |part: &Part| match part {
            Part::Text(text) => Piece::Text(text.clone()),
            Part::Version => version
                .name
                .as_ref()
                .map_or(Piece::Any, |name| Piece::Text(name.to_string())),
            Part::Build => Piece::Text(version.build.to_string()),
        };
        Some(self.parts.iter().map(known).collect())
    }

    /// For people: `com.example.shop@8.43.0+84300` is `8.43.0 (84300)`. A name that is not understood stays as it is.
    pub fn label(&self, release: &str) -> PlainText {
        match self.read(release) {
            Some(ReleaseName {
                version: Some(version),
                build: Some(build),
            }) => format!("{version} ({build})").into(),
            Some(
                ReleaseName {
                    version: Some(one),
                    build: None,
                }
                | ReleaseName {
                    version: None,
                    build: Some(one),
                },
            ) => one.into(),
            _ => release
                .strip_prefix(&format!("{}@", self.package))
                .unwrap_or(release)
                .into(),
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// Fills the holes from left to right, the longest text first, so that a build is what follows the *last* separator
/// (`1.0+beta+7` is version `1.0+beta`, build `7`). A hole met twice must hold the same text twice.
fn walk(parts: &[Part], text: &str, known: &ReleaseName) -> Option<ReleaseName> {
    let Some((part, rest)) = parts.split_first() else {
        return text.is_empty().then(|| known.clone());
    };
    let filled = match part {
        Part::Text(wanted) => Some(wanted),
        Part::Version => known.version.as_ref(),
        Part::Build => known.build.as_ref(),
    };
    if let Some(wanted) = filled {
        return walk(rest, text.strip_prefix(wanted.as_str())?, known);
    }
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
    ends.into_iter().find_map(|end| {
        let (value, tail) = text.split_at_checked(end)?;
        let mut filled = known.clone();
        match part {
            Part::Build => filled.build = Some(value.to_owned()),
            _ => filled.version = Some(value.to_owned()),
        }
        walk(rest, tail, &filled)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(raw: &str) -> ReleaseTemplate {
        ReleaseTemplate::parse(raw, "com.example.shop").unwrap()
    }

    #[test]
    fn matching() {
        let play = Version::from_code(84300);
        let ios = Version::named("8.43.0", "84300");
        let default = "{package}@{version}+{build}";
        for (raw, release, version, wanted) in [
            (default, "com.example.shop@8.43.0+84300", &play, true),
            (default, "com.example.shop@8.43.0-rc.1+84300", &play, true),
            (default, "com.example.shop@8.43.0+x+84300", &play, true),
            (default, "com.example.shop@8.43.0+84301", &play, false),
            (default, "com.example.shop@8.43.0+184300", &play, false),
            (default, "com.example.shop@8.43.0+843000", &play, false),
            (default, "com.example.shop@+84300", &play, false),
            (default, "com.example.shop.beta@8.43.0+84300", &play, false),
            (default, "8.43.0", &play, false),
            (default, "", &play, false),
            (default, "com.example.shop@8.43.0+84300", &ios, true),
            (default, "com.example.shop@8.43.1+84300", &ios, false),
            (default, "com.example.shop@8.43.0+84301", &ios, false),
            ("{version}-{build}", "8.43.0-84300", &play, true),
            ("shop-android-{build}", "shop-android-84300", &play, true),
            (
                "{package}@{version}",
                "com.example.shop@8.43.0",
                &play,
                false,
            ),
            ("{package}@{version}", "com.example.shop@8.43.0", &ios, true),
            (
                "{build}/{version}/{build}",
                "84300/8.43.0/84300",
                &play,
                true,
            ),
            (
                "{build}/{version}/{build}",
                "84300/8.43.0/84301",
                &play,
                false,
            ),
        ] {
            let found = template(raw).matches(release, version);
            assert_eq!(found, wanted, "{raw} on {release} for {version}");
        }
    }

    #[test]
    fn labels_are_short_and_clean() {
        let default = template("{package}@{version}+{build}");
        for (release, label) in [
            ("com.example.shop@8.43.0+84300", "8.43.0 (84300)"),
            ("com.example.shop@1.0+beta+7", "1.0+beta (7)"),
            ("com.example.shop@8.43.0", "8.43.0"),
            ("other@1+2", "other@1+2"),
            ("\u{1b}[2Jevil", "[2Jevil"),
        ] {
            assert_eq!(default.label(release).as_str(), label, "{release}");
        }
        assert_eq!(
            template("{package}@{version}")
                .label("com.example.shop@2")
                .as_str(),
            "2"
        );
    }

    #[test]
    fn bad_templates_say_what_to_write() {
        for (raw, wanted) in [
            ("{package}@{name}", BadTemplate::UnknownHole("name".into())),
            ("{package", BadTemplate::Unclosed),
            ("{package}", BadTemplate::NoVersion),
            ("", BadTemplate::NoVersion),
            ("{version}{build}", BadTemplate::Adjacent),
        ] {
            assert_eq!(ReleaseTemplate::parse(raw, "p"), Err(wanted), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(raw in ".{0,40}", release in ".{0,60}") {
            if let Ok(template) = ReleaseTemplate::parse(&raw, "com.example.shop") {
                let _ = template.label(&release);
                let _ = template.matches(&release, &Version::from_code(1));
            }
        }

        #[test]
        fn what_was_written_is_read_back(version in "[0-9a-z.]{1,12}", build in "[0-9]{1,9}") {
            let found = template("{package}@{version}+{build}").read(&format!("com.example.shop@{version}+{build}"));
            prop_assert_eq!(found, Some(ReleaseName { version: Some(version), build: Some(build) }));
        }
    }
}
