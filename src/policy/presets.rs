//! The policies that come with haltline, by name. Each is the content of one `[policy.NAME]` table.

use super::parse::RawPolicy;

/// Name and TOML of each preset; the first is what an app without a policy gets.
const PRESETS: [(&str, &str); 8] = [
    (
        "default",
        include_str!("../../config/policies/default.toml"),
    ),
    (
        "safe-production",
        include_str!("../../config/policies/safe-production.toml"),
    ),
    ("canary", include_str!("../../config/policies/canary.toml")),
    (
        "fast-staging",
        include_str!("../../config/policies/fast-staging.toml"),
    ),
    (
        "high-risk",
        include_str!("../../config/policies/high-risk.toml"),
    ),
    ("hotfix", include_str!("../../config/policies/hotfix.toml")),
    (
        "stability-tiers",
        include_str!("../../config/policies/stability-tiers.toml"),
    ),
    (
        "phased-ios",
        include_str!("../../config/policies/phased-ios.toml"),
    ),
];

/// The preset of an app that names no policy: floors and ratios, for a rollout that people move.
pub const DEFAULT: &str = "default";

/// All names, in the order in which people should meet them.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.into_iter().map(|(name, _)| name)
}

/// The preset as written, comments included.
pub fn source(name: &str) -> Option<&'static str> {
    let (_, toml) = PRESETS.into_iter().find(|(known, _)| *known == name)?;
    Some(toml)
}

/// The preset, parsed.
pub fn get(name: &str) -> Option<RawPolicy> {
    toml::from_str(source(name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_and_has_rules() {
        for name in names() {
            toml::from_str::<RawPolicy>(source(name).unwrap())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let (policy, _) = get(name).unwrap().resolve(name).unwrap();
            assert!(
                !policy.rules.is_empty() && !policy.description.is_empty(),
                "{name}"
            );
        }
        assert!(get(DEFAULT).is_some() && get("unheard-of").is_none());
    }
}
