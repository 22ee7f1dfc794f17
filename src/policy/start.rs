//! Who begins to carry the stages of a policy out.

/// `start = …`: who begins to carry the stages out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A person: `haltline start`. Until then rules watch and act, and people move the rollout.
    #[default]
    Manual,
    /// haltline, for each release that it finds rolling out; one that waits is begun only where a plan says so.
    Automatic,
}
