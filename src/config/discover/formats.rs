//! The forms of other tools' files, as far as names and ids are in them. None is read for a secret.

use serde_json::Value;

use crate::config::Surroundings;

/// What fastlane's `Appfile` says for all lanes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Appfile {
    pub(super) package_name: Option<String>,
    pub(super) app_identifier: Option<String>,
    pub(super) json_key_file: Option<String>,
}

/// An Appfile is Ruby: lines with a name and a literal, or a variable of the environment, are understood.
pub(super) fn appfile(text: &str, around: &Surroundings) -> Appfile {
    let mut found = Appfile::default();
    // How deep in the block of a lane, whose values hold for that lane alone.
    let mut in_lane = 0_usize;
    for line in text.lines().map(|line| uncommented(line).trim()) {
        let opens = line.ends_with(" do") || line.contains(" do |");
        if in_lane > 0 || line.starts_with("for_lane") {
            in_lane += usize::from(opens);
            in_lane = in_lane.saturating_sub(usize::from(line == "end"));
            continue;
        }
        let name = line
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        let place = match name {
            "package_name" => &mut found.package_name,
            "app_identifier" => &mut found.app_identifier,
            "json_key_file" => &mut found.json_key_file,
            _ => continue,
        };
        let rest = line.strip_prefix(name).unwrap_or_default();
        if place.is_none() {
            *place = ruby_value(rest, around);
        }
    }
    found
}

/// `("x")`, `'x'`, `["x", "y"]`: the first literal; `ENV["X"]`, `ENV.fetch("X")`: the variable's value.
fn ruby_value(raw: &str, around: &Surroundings) -> Option<String> {
    let literal = quoted(raw)?;
    let value = if raw.trim_start_matches([' ', '(', '[']).starts_with("ENV") {
        around.var(literal)?
    } else {
        literal
    };
    let fine = !value.is_empty() && !value.contains("#{");
    fine.then(|| value.to_owned())
}

/// The first text in single or double quotes.
fn quoted(raw: &str) -> Option<&str> {
    let quote = raw.chars().find(|c| matches!(c, '"' | '\''))?;
    let (_, rest) = raw.split_once(quote)?;
    Some(rest.split_once(quote)?.0)
}

/// Without what follows a `#` that is in no quotes.
fn uncommented(line: &str) -> &str {
    let mut open = None;
    let end = line.char_indices().find(|(_, c)| {
        match (open, *c) {
            (None, '#') => return true,
            (None, '"' | '\'') => open = Some(*c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
        false
    });
    end.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

/// Gradle's `applicationId`, in Groovy or Kotlin; that of the first flavour where there are several.
pub(super) fn application_id(text: &str) -> Option<String> {
    text.lines().map(str::trim).find_map(|line| {
        let rest = line.strip_prefix("applicationId")?;
        let set = rest.starts_with([' ', '=', '(']);
        let value = set.then(|| quoted(rest)).flatten()?;
        (!value.contains('$')).then(|| value.to_owned())
    })
}

/// An app as Firebase knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FirebaseApp {
    /// `1:1234567890:android:abcdef`
    pub(super) application: String,
    /// Package or bundle id.
    pub(super) package: String,
}

/// `google-services.json`: a project's Android apps.
pub(super) fn google_services(text: &str) -> Vec<FirebaseApp> {
    let Ok(file) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let clients = file.get("client").and_then(Value::as_array);
    let app = |client: &Value| {
        let part = |pointer| Some(client.pointer(pointer)?.as_str()?.to_owned());
        Some(FirebaseApp {
            application: part("/client_info/mobilesdk_app_id")?,
            package: part("/client_info/android_client_info/package_name")?,
        })
    };
    clients.into_iter().flatten().filter_map(app).collect()
}

/// `GoogleService-Info.plist`: one app of Apple's.
pub(super) fn google_service_info(text: &str) -> Option<FirebaseApp> {
    Some(FirebaseApp {
        application: plist(text, "GOOGLE_APP_ID")?,
        package: plist(text, "BUNDLE_ID")?,
    })
}

fn plist(text: &str, key: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("<key>{key}</key>"))?;
    let value = after.trim_start().strip_prefix("<string>")?;
    Some(value.split_once("</string>")?.0.trim().to_owned())
}

/// A text of a JSON file.
pub(super) fn json_text(text: &str, name: &str) -> Option<String> {
    let file = serde_json::from_str::<Value>(text).ok()?;
    Some(file.get(name)?.as_str()?.to_owned())
}

/// `name: value` of a flat YAML file, or `name=value` of a properties file.
pub(super) fn line_value(text: &str, name: &str, between: char) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(between)?;
        let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
        (key.trim() == name && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appfiles_are_understood_as_far_as_they_are_plain() {
        let around = Surroundings {
            vars: [("KEY".to_owned(), "keys/play.json".to_owned())].into(),
            ..Surroundings::default()
        };
        let text = r#"
# package_name("com.example.commented")
json_key_file(ENV["KEY"]) # where it is
for_platform :android do
  package_name "com.example.shop" # "quoted"
end
for_lane :beta do
  package_name("com.example.lane")
  app_identifier 'com.example.lane'
end
app_identifier(["com.example.ios", "com.example.ios.watch"])
app_identifier "com.example.second"
apple_id("jo@example.com")
"#;
        let wanted = Appfile {
            package_name: Some("com.example.shop".into()),
            app_identifier: Some("com.example.ios".into()),
            json_key_file: Some("keys/play.json".into()),
        };
        assert_eq!(appfile(text, &around), wanted);
        for odd in [
            "package_name(\"#{x}.y\")",
            "package_name(PACKAGE)",
            "package_name",
            "json_key_file(ENV['NONE'])",
            "package_name(\"open",
        ] {
            assert_eq!(appfile(odd, &around), Appfile::default(), "{odd}");
        }
    }

    #[test]
    fn gradle_in_both_languages() {
        for (text, wanted) in [
            (
                "  applicationId \"com.example.shop\"",
                Some("com.example.shop"),
            ),
            (
                "applicationId = 'com.example.shop'",
                Some("com.example.shop"),
            ),
            (
                "applicationIdSuffix \".debug\"\napplicationId(\"com.example.a\")",
                Some("com.example.a"),
            ),
            ("applicationId = \"$base.shop\"", None),
            ("applicationId = base", None),
            ("// applicationId \"com.example.shop\"", None),
        ] {
            assert_eq!(application_id(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn firebase_apps_of_both_platforms() {
        let services = r#"{ "project_info": { "project_number": "123" }, "client": [
            { "client_info": { "mobilesdk_app_id": "1:123:android:ab", "android_client_info": { "package_name": "com.example.shop" } },
              "api_key": [{ "current_key": "S3CRET" }] }, {} ] }"#;
        let app = |application: &str| FirebaseApp {
            application: application.into(),
            package: "com.example.shop".into(),
        };
        assert_eq!(google_services(services), [app("1:123:android:ab")]);
        assert!(google_services("[").is_empty());
        let plist = "<dict>\n<key>API_KEY</key>\n<string>S3CRET</string>\n<key>BUNDLE_ID</key>\n\t<string>com.example.shop</string>\n\
                     <key>GOOGLE_APP_ID</key><string>1:123:ios:cd</string></dict>";
        assert_eq!(google_service_info(plist), Some(app("1:123:ios:cd")));
    }

    #[test]
    fn flat_files() {
        assert_eq!(
            line_value(
                "a: 1\ndefault_package: \"com.example.shop\" # x",
                "default_package",
                ':'
            )
            .as_deref(),
            Some("com.example.shop")
        );
        assert_eq!(
            line_value("defaults.org=acme", "defaults.org", '=').as_deref(),
            Some("acme")
        );
        assert_eq!(line_value("defaults.org=", "defaults.org", '='), None);
        assert_eq!(
            json_text("{\"app\":\"com.example.shop\"}", "app").as_deref(),
            Some("com.example.shop")
        );
    }
}
