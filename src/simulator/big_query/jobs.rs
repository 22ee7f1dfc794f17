//! `POST …/queries` and `GET …/queries/{job}`: a question becomes a job, whose result is given out page by page.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::eval::{self, Cell, Outcome, Parameter, Parameters};
use super::refusal::Refusal;
use super::{BigQuery, LOCATION, PROJECT, Shared, sql};

/// Jobs whose results are kept.
const KEPT: usize = 16;
/// What a table that is read counts at least, in bytes.
const LEAST: u64 = 10_485_760;

/// The jobs that ran last.
#[derive(Default)]
pub(super) struct Jobs(Mutex<(u64, BTreeMap<u64, Job>)>);

struct Job {
    outcome: Outcome,
    /// Looks until it is done.
    running: u32,
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Job>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ask {
    query: String,
    /// As the reference has it: the older dialect unless told otherwise.
    pub(super) use_legacy_sql: bool,
    parameter_mode: String,
    query_parameters: Vec<Given>,
    max_results: Option<u64>,
    maximum_bytes_billed: Option<String>,
    location: Option<String>,
    dry_run: bool,
    format_options: Format,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            query: String::new(),
            use_legacy_sql: true,
            parameter_mode: String::new(),
            query_parameters: Vec::new(),
            max_results: None,
            maximum_bytes_billed: None,
            location: None,
            dry_run: false,
            format_options: Format::default(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Format {
    use_int64_timestamp: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Given {
    name: String,
    parameter_type: Type,
    parameter_value: Content,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Type {
    r#type: String,
    array_type: Option<Box<Type>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    value: Option<String>,
    array_values: Vec<Content>,
}

pub(super) async fn insert(
    State(it): Shared,
    Path(project): Path<String>,
    Json(ask): Json<Ask>,
) -> Result<Json<Value>, Refusal> {
    if project != PROJECT || !it.server.may_run {
        return Err(Refusal::denied(format!(
            "Access Denied: Project {project}: User does not have bigquery.jobs.create permission in project {project}."
        )));
    }
    if ask.query.trim().is_empty() {
        return Err(Refusal::invalid("Required parameter is missing: query"));
    }
    if ask.use_legacy_sql {
        return Err(Refusal::query(
            "Invalid table name: legacy SQL quotes tables with brackets",
        ));
    }
    let parameters = parameters(&ask)?;
    let statement = sql::parse(&ask.query)?;
    let location = ask.location.as_deref().unwrap_or(LOCATION);
    if !location.eq_ignore_ascii_case(LOCATION) {
        let dataset = statement
            .table
            .rsplit_once('.')
            .map_or("", |(dataset, _)| dataset);
        let dataset = dataset.replacen('.', ":", 1);
        return Err(Refusal::not_found(format!(
            "Not found: Dataset {dataset} was not found in location {location}"
        )));
    }
    if !it.server.may_read {
        let table = statement.table.replacen('.', ":", 1);
        return Err(Refusal::denied(format!(
            "Access Denied: Table {table}: User does not have permission to query table {table}, or perhaps it does not exist."
        )));
    }
    let outcome = eval::run(&it, &statement, &parameters)?;
    let billed = it.server.bytes.max(LEAST);
    let most = ask.maximum_bytes_billed.as_deref().map(str::parse::<u64>);
    match most {
        Some(Err(_)) => return Err(Refusal::invalid("Invalid value for maximumBytesBilled")),
        Some(Ok(most)) if billed > most && !ask.dry_run => {
            return Err(Refusal::too_dear(most, billed));
        }
        _ => {}
    }
    let mut out = Map::new();
    out.insert("kind".into(), "bigquery#queryResponse".into());
    out.insert("totalBytesProcessed".into(), billed.to_string().into());
    if ask.dry_run {
        out.insert("jobComplete".into(), true.into());
        out.insert("schema".into(), outcome.schema());
        let reference = json!({"projectId": PROJECT, "location": LOCATION});
        out.insert("jobReference".into(), reference);
        return Ok(Json(out.into()));
    }
    let mut jobs = it.jobs.lock();
    let (issued, kept) = &mut *jobs;
    *issued += 1;
    let number = *issued;
    let running = it.server.slow;
    kept.insert(number, Job { outcome, running });
    while kept.len() > KEPT {
        kept.pop_first();
    }
    let Some(job) = kept.get_mut(&number) else {
        return Err(Refusal::not_found("Not Found"));
    };
    let size = ask
        .max_results
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let micros = ask.format_options.use_int64_timestamp;
    fill(&it, &mut out, number, job, (0, size, micros));
    Ok(Json(out.into()))
}

/// The types that are understood: TIMESTAMP, STRING and arrays of STRING.
fn parameters(ask: &Ask) -> Result<Parameters, Refusal> {
    if !ask.query_parameters.is_empty() && ask.parameter_mode != "NAMED" {
        return Err(Refusal::invalid(
            "Parameter mode must be NAMED for named parameters",
        ));
    }
    let mut all = Parameters::new();
    for given in &ask.query_parameters {
        let value = given.parameter_value.value.as_deref().unwrap_or_default();
        let kind = given.parameter_type.r#type.as_str();
        let inner = given.parameter_type.array_type.as_ref();
        let parameter = match (kind, inner.map(|t| t.r#type.as_str())) {
            ("TIMESTAMP", None) => {
                let time = DateTime::parse_from_rfc3339(value).map_err(|_unparsed| {
                    Refusal::invalid(format!(
                        "Invalid TIMESTAMP value for query parameter '{}'",
                        given.name
                    ))
                })?;
                Parameter::One(Cell::Time(time.with_timezone(&Utc)))
            }
            ("STRING", None) => Parameter::One(Cell::Text(value.to_owned())),
            ("ARRAY", Some("STRING")) => {
                let values = given.parameter_value.array_values.iter();
                let text =
                    |content: &Content| Cell::Text(content.value.clone().unwrap_or_default());
                Parameter::Many(values.map(text).collect())
            }
            _ => {
                let message = format!("Invalid type of query parameter '{}'", given.name);
                return Err(Refusal::invalid(message));
            }
        };
        all.insert(given.name.clone(), parameter);
    }
    Ok(all)
}

pub(super) async fn results(
    State(it): Shared,
    Path((project, name)): Path<(String, String)>,
    Query(pairs): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    let mut jobs = it.jobs.lock();
    let number = name.strip_prefix("job_").and_then(|n| n.parse().ok());
    let here = project == PROJECT && pairs.get("location").is_none_or(|l| l == LOCATION);
    let found = number.and_then(|number: u64| Some((number, jobs.1.get_mut(&number)?)));
    let Some((number, job)) = found.filter(|_| here) else {
        return Err(Refusal::not_found(format!(
            "Not found: Job {project}:{name}"
        )));
    };
    job.running = job.running.saturating_sub(1);
    let number_of = |key: &str, usual: usize| match pairs.get(key) {
        None => Ok(usual),
        Some(raw) => raw
            .parse()
            .map_err(|_no_number| Refusal::invalid(format!("Invalid value for {key}"))),
    };
    let (from, size) = (
        number_of("pageToken", 0)?,
        number_of("maxResults", usize::MAX)?,
    );
    let micros = pairs
        .get("formatOptions.useInt64Timestamp")
        .is_some_and(|v| v == "true");
    let mut out = Map::new();
    out.insert("kind".into(), "bigquery#getQueryResultsResponse".into());
    fill(&it, &mut out, number, job, (from, size, micros));
    Ok(Json(out.into()))
}

/// What both answers have in common.
fn fill(
    it: &BigQuery,
    out: &mut Map<String, Value>,
    number: u64,
    job: &Job,
    (from, size, micros): (usize, usize, bool),
) {
    let reference =
        json!({"projectId": PROJECT, "jobId": format!("job_{number}"), "location": LOCATION});
    out.insert("jobReference".into(), reference);
    out.insert("jobComplete".into(), (job.running == 0).into());
    if job.running > 0 {
        return;
    }
    let size = size.min(it.server.page);
    let total = job.outcome.rows.len();
    out.insert("schema".into(), job.outcome.schema());
    out.insert("totalRows".into(), total.to_string().into());
    out.insert("cacheHit".into(), false.into());
    let rows = job.outcome.page(from, size, micros);
    // No rows, no field.
    if !rows.is_empty() {
        out.insert("rows".into(), rows.into());
    }
    let next = from.saturating_add(size);
    if next < total {
        out.insert("pageToken".into(), next.to_string().into());
    }
}
