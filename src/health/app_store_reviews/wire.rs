//! App Store Connect's lists, as far as they are used. Attributes may be missing or null.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::domain::Timestamp;
use crate::health::reviews::Opinion;

#[derive(Debug, Deserialize)]
pub(super) struct Listing<A> {
    data: Vec<Resource<A>>,
    #[serde(default)]
    links: Option<Links>,
}

#[derive(Debug, Deserialize)]
struct Resource<A> {
    id: String,
    attributes: Option<A>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct App {
    bundle_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AppVersion {
    version_string: Option<String>,
    platform: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CustomerReview {
    rating: Option<u8>,
    title: Option<String>,
    body: Option<String>,
    created_date: Option<String>,
}

pub(super) type Apps = Listing<App>;
pub(super) type Versions = Listing<AppVersion>;
pub(super) type Reviews = Listing<CustomerReview>;

impl<A> Listing<A> {
    /// Of the page after this one.
    pub(super) fn next(&self) -> Option<&str> {
        self.links.as_ref()?.next.as_deref()
    }

    fn id_where(&self, wanted: impl Fn(&A) -> bool) -> Option<String> {
        let is = |resource: &&Resource<A>| resource.attributes.as_ref().is_some_and(&wanted);
        self.data
            .iter()
            .find(is)
            .map(|resource| resource.id.clone())
    }
}

impl Apps {
    pub(super) fn id_of(&self, bundle_id: &str) -> Option<String> {
        self.id_where(|app| app.bundle_id.as_deref() == Some(bundle_id))
    }
}

impl Versions {
    /// Filters have been seen not to filter, so they are checked.
    pub(super) fn id_of(&self, name: &str) -> Option<String> {
        self.id_where(|version| {
            version.version_string.as_deref() == Some(name)
                && version
                    .platform
                    .as_deref()
                    .is_none_or(|platform| platform == "IOS")
        })
    }
}

impl Reviews {
    /// Those with stars and a date.
    pub(super) fn opinions(&self, key: &str) -> Vec<Opinion> {
        let opinion = |resource: &Resource<CustomerReview>| {
            let review = resource.attributes.as_ref()?;
            Some(Opinion {
                at: date(review.created_date.as_deref()?)?,
                stars: review.rating.filter(|stars| (1..=5).contains(stars))?,
                title: review.title.as_deref().unwrap_or_default().into(),
                text: review.body.as_deref().unwrap_or_default().into(),
                version: Some(key.to_owned()),
            })
        };
        self.data.iter().filter_map(opinion).collect()
    }
}

/// Apple's bodies mix `…Z`, `…-08:00` and `….000+0000`.
fn date(raw: &str) -> Option<Timestamp> {
    let parsed = DateTime::parse_from_rfc3339(raw)
        .or_else(|_other| DateTime::parse_from_str(raw, "%Y-%m-%dT%H:%M:%S%.f%z"));
    Some(parsed.ok()?.with_timezone(&Utc))
}
