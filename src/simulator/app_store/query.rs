//! Query parameters as Apple reads them: comma-separated lists, limits up to 200, cursors, sparse fields.

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::catalog::uuid;
use super::problem::Problem;

const DEFAULT_LIMIT: usize = 50;
const LARGEST_LIMIT: usize = 200;

/// A part of a list, and where the rest is.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    next: Option<String>,
    paging: Paging,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Paging {
    total: usize,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Query {
    /// `http://host`, as the client called us.
    root: String,
    path: String,
    /// The query as it came.
    asked: Option<String>,
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn new(uri: &Uri, host: Option<&str>) -> Self {
        let pairs = reqwest::Url::parse("http://localhost")
            .map(|mut url| {
                url.set_query(uri.query());
                url.query_pairs().into_owned().collect()
            })
            .unwrap_or_default();
        Self {
            root: format!("http://{}", host.unwrap_or("localhost")),
            path: uri.path().to_owned(),
            asked: uri.query().map(str::to_owned),
            pairs,
        }
    }

    /// Refuses parameters that this resource does not have.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), Problem> {
        let unknown = self
            .pairs
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !known.contains(name) && !name.starts_with("fields["));
        match unknown {
            None => Ok(()),
            Some(name) => Err(Problem::parameter(
                name,
                format!("The parameter '{name}' can not be used with this request"),
            )),
        }
    }

    /// The values of a comma-separated parameter; empty where it was not given.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.pairs
            .iter()
            .filter(|(key, _)| key == name)
            .flat_map(|(_, values)| values.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// True where the filter was not given, or `matches` one of its values.
    pub(super) fn passes(&self, name: &str, matches: impl Fn(&str) -> bool) -> bool {
        let wanted = self.list(name);
        wanted.is_empty() || wanted.into_iter().any(matches)
    }

    /// `include`, each of them one of `known`.
    pub(super) fn include(&self, known: &[&str]) -> Result<Vec<&str>, Problem> {
        let wanted = self.list("include");
        match wanted.iter().find(|name| !known.contains(name)) {
            None => Ok(wanted),
            Some(name) => Err(Problem::parameter(
                "include",
                format!("'{name}' is not a valid relationship name"),
            )),
        }
    }

    /// Where this document is: as it was asked for.
    fn this(&self) -> String {
        let (root, path) = (&self.root, &self.path);
        match &self.asked {
            Some(asked) => format!("{root}{path}?{asked}"),
            None => format!("{root}{path}"),
        }
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// One page of `all`, in an order that follows from nothing a client could know.
    pub(super) fn page<T>(&self, mut all: Vec<T>, id: fn(&T) -> &str) -> Result<Page<T>, Problem> {
        all.sort_by_cached_key(|item| uuid(&["order", id(item)]));
        self.page_in_order(all)
    }

    /// One page of `all`, which the client has asked to be sorted.
    pub(super) fn page_in_order<T>(&self, all: Vec<T>) -> Result<Page<T>, Problem> {
        let limit = match self.list("limit").first() {
            None => DEFAULT_LIMIT,
            Some(raw) => raw
                .parse()
                .ok()
                .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Problem::parameter("limit", format!("'{raw}' is not from 1 to {LARGEST_LIMIT}"))
                })?,
        };
        let from = match self.list("cursor").first() {
            None => 0,
            Some(cursor) => read_cursor(cursor).ok_or_else(|| {
                Problem::parameter("cursor", format!("'{cursor}' is not a valid cursor"))
            })?,
        };
        let total = all.len();
        let items: Vec<T> = all.into_iter().skip(from).take(limit).collect();
        let end = from + items.len();
        let cursor = (end < total).then(|| URL_SAFE_NO_PAD.encode(end.to_string()));
        Ok(Page {
            next: cursor.as_deref().map(|cursor| self.link(cursor, limit)),
            paging: Paging {
                total,
                limit,
                next_cursor: cursor,
            },
            items,
        })
    }

    /// The document of a page; without `include` there is no `included`.
    pub(super) fn listing<T>(
        &self,
        page: &Page<T>,
        data: impl Iterator<Item = Value>,
        included: Option<Vec<Value>>,
    ) -> Value {
        let data: Vec<Value> = data.map(|resource| self.sparse(resource)).collect();
        // At the end `next` is absent: clients in daily use follow whatever is there.
        let mut links = Map::from_iter([("self".to_owned(), json!(self.this()))]);
        links.extend(
            page.next
                .iter()
                .map(|next| ("next".to_owned(), json!(next))),
        );
        let meta = json!({ "paging": page.paging });
        let mut document = Map::from_iter([
            ("data".to_owned(), data.into()),
            ("links".to_owned(), links.into()),
            ("meta".to_owned(), meta),
        ]);
        self.bring_along(&mut document, included);
        document.into()
    }

    /// The document of one resource, or of none.
    pub(super) fn single(&self, resource: Option<Value>, included: Option<Vec<Value>>) -> Value {
        let data = resource.map(|resource| self.sparse(resource));
        let mut document = Map::from_iter([
            ("data".to_owned(), json!(data)),
            ("links".to_owned(), json!({ "self": self.this() })),
        ]);
        self.bring_along(&mut document, included);
        document.into()
    }

    fn bring_along(&self, document: &mut Map<String, Value>, included: Option<Vec<Value>>) {
        if let Some(included) = included {
            let included: Vec<Value> = included.into_iter().map(|r| self.sparse(r)).collect();
            document.insert("included".into(), included.into());
        }
    }

    fn link(&self, cursor: &str, limit: usize) -> String {
        let mut link = format!("{}{}", self.root, self.path);
        let limit = limit.to_string();
        let kept = self
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !matches!(*name, "cursor" | "limit"))
            .chain([("cursor", cursor), ("limit", &limit)]);
        if let Ok(url) = reqwest::Url::parse_with_params(&link, kept) {
            link = url.into();
        }
        link
    }

    /// Leaves of a resource only what `fields[type]` names.
    pub(super) fn sparse(&self, mut resource: Value) -> Value {
        let kind = resource.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or_default();
        let fields = self.list(&format!("fields[{kind}]"));
        if fields.is_empty() {
            return resource;
        }
        for part in ["attributes", "relationships"] {
            if let Some(map) = resource.get_mut(part).and_then(Value::as_object_mut) {
                map.retain(|name, _| fields.contains(&name.as_str()));
            }
        }
        resource
    }
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}
