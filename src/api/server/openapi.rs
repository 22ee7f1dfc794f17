//! The OpenAPI document: every address, what it takes and what it answers, made of the types themselves.

use std::sync::OnceLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::reading::{Audit, AuditQuery, EventsQuery, PastQuery};
use crate::api::acts::AskedAct;
use crate::api::stream::Change;
use crate::api::wire::{AppSnapshot, History};
use crate::api::{ActReply, Me, Snapshot};
use crate::domain::{IssueDetail, Record};

/// Where the definitions are.
const COMPONENTS: &str = "/components/schemas";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// The document, as text.
pub(super) async fn told() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    let kind = HeaderValue::from_static(JSON);
    ([(header::CONTENT_TYPE, kind)], text.as_str()).into_response()
}

/// The document.
pub fn document() -> Value {
    let mut paths = Paths::new();
    paths.told();
    paths.looked_up();
    paths.asked();
    paths.for_machines();
    paths.done()
}

/// What is said of an address.
struct Paths {
    /// Of what is answered.
    schemas: SchemaGenerator,
    paths: Map<String, Value>,
}

/// One answer: its status, when it comes, its content type and what is in it.
struct Answer(u16, &'static str, &'static str, Value);

impl Paths {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = COMPONENTS.into();
            settings.meta_schema = None;
        });
        Self {
            schemas: settings.for_serialize().into_generator(),
            paths: Map::new(),
        }
    }

    fn of<T: JsonSchema>(&mut self) -> Value {
        self.schemas.subschema_for::<T>().to_value()
    }

    fn problem(&mut self, status: u16, when: &'static str) -> Answer {
        Answer(status, when, JSON, self.of::<Problem>())
    }

    fn fine<T: JsonSchema>(&mut self) -> Answer {
        Answer(200, "What was asked for.", JSON, self.of::<T>())
    }

    /// An address that is read. Whoever is nobody is refused everywhere.
    fn get(
        &mut self,
        (path, summary): (&str, &str),
        parameters: Vec<Value>,
        mut answers: Vec<Answer>,
    ) {
        answers.push(self.problem(403, "The user is nobody (uid 65534)."));
        let mut places: Vec<Value> = path.split('{').skip(1).filter_map(in_path).collect();
        places.extend(parameters);
        let operation = operation(path, summary, &places, answers);
        self.paths.insert(path.into(), json!({ "get": operation }));
    }

    /// What the watcher has at hand.
    fn told(&mut self) {
        let whole = self.fine::<Snapshot>();
        self.get(
            ("/v1/snapshot", "The picture as it is now."),
            vec![],
            vec![whole],
        );
        let (picture, change) = (self.of::<Snapshot>(), self.of::<Change>());
        let stream = Answer(
            200,
            "Server-sent events: `picture`, the whole of it, at first and whenever the client fell behind; then `change`, what makes the \
             next picture of the one before. A comment line breaks a silence of 5 s.",
            EVENTS,
            each(&["picture", "change"], &[picture, change]),
        );
        self.get(
            ("/v1/picture", "The picture, and its changes as they come."),
            vec![],
            vec![stream],
        );
        let me = self.fine::<Me>();
        let unknown = self.problem(503, "Who the user is cannot be found out now.");
        self.get(
            ("/v1/me", "Whom the watcher takes the asker for."),
            vec![],
            vec![me, unknown],
        );
        let app = self.fine::<AppSnapshot>();
        let none = self.problem(404, "There is no such app.");
        let bad = self.problem(400, "The address is not text.");
        self.get(
            ("/v1/apps/{app}", "One app of the picture."),
            vec![],
            vec![app, bad, none],
        );
        let document = Answer(200, "This document.", JSON, json!({ "type": "object" }));
        self.get(("/openapi.json", "This document."), vec![], vec![document]);
    }

    /// What has to be read or asked for.
    fn looked_up(&mut self) {
        let history = self.fine::<History>();
        let rest = self.not_found();
        self.get(
            (
                "/v1/apps/{app}/history",
                "What the charts of an app are drawn of.",
            ),
            vec![],
            with(history, rest),
        );
        let issue = self.fine::<IssueDetail>();
        let rest = self.not_found();
        let path = "/v1/apps/{app}/issues/{source}/{id}";
        self.get(
            (path, "More of a crash group, asked of its source."),
            vec![],
            with(issue, rest),
        );
        let past = self.fine::<Snapshot>();
        let rest = self.not_found();
        self.get(
            (
                "/v1/past",
                "The picture as it was: say either seq or at. Nothing in it can be acted on.",
            ),
            in_query::<PastQuery>(),
            with(past, rest),
        );
        let records = self.of::<Vec<Record>>();
        let record = self.of::<Record>();
        let mut events = Answer(
            200,
            "Records, oldest first: server-sent events, or an array.",
            JSON,
            records,
        );
        let mut answer = content(&mut events);
        if let Some(kinds) = answer.as_object_mut() {
            let stream = json!({ "schema": each(&["record"], &[record]) });
            kinds.insert(EVENTS.into(), stream);
        }
        let rest = [
            self.problem(400, "What is asked for is not understood."),
            self.problem(403, "The user is nobody (uid 65534)."),
            self.problem(404, "The journal has no such record to go on after."),
            self.problem(503, "The journal cannot be read now."),
        ];
        let mut parameters = in_query::<EventsQuery>();
        parameters.push(json!({
            "name": "Last-Event-ID", "in": "header", "required": false,
            "description": "The id of the last event that came, where a stream is resumed.",
            "schema": { "type": "string", "pattern": "^[0-9]{1,19}$" },
        }));
        let mut operation = operation(
            "/v1/events",
            "Records of the journal.",
            &parameters,
            rest.into(),
        );
        if let Some(answers) = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut)
        {
            answers.insert(
                "200".into(),
                json!({ "description": events.1, "content": answer }),
            );
        }
        self.paths
            .insert("/v1/events".into(), json!({ "get": operation }));
        let audit = self.fine::<Audit>();
        let rest = self.not_found();
        self.get(
            ("/v1/audit", "A part of the journal; read on from `next`."),
            in_query::<AuditQuery>(),
            with(audit, rest),
        );
    }

    fn not_found(&mut self) -> Vec<Answer> {
        vec![
            self.problem(400, "What is asked for is not understood."),
            self.problem(404, "There is no such thing."),
            self.problem(503, "It cannot be had now."),
        ]
    }

    /// Acts.
    fn asked(&mut self) {
        let path = "/v1/acts";
        let (reply, problem) = (self.of::<ActReply>(), self.of::<Problem>());
        let either = json!({ "anyOf": [reply.clone(), problem] });
        let answers = vec![
            Answer(
                200,
                "It is taken; follow the picture for what becomes of it.",
                JSON,
                reply.clone(),
            ),
            self.problem(400, "It is not understood; nothing was done."),
            Answer(
                403,
                "This user may not: the watcher's refusal, or that the user is nobody.",
                JSON,
                either.clone(),
            ),
            Answer(404, "There is no such app.", JSON, reply.clone()),
            Answer(
                409,
                "The watcher refuses it as things are, or as they are not any more, and says why.",
                JSON,
                reply,
            ),
            self.problem(413, "It is longer than 64 KiB."),
            self.problem(429, "This user asked for too many acts."),
            Answer(
                503,
                "The watcher does not answer: ask again with the same id, which is asking once.",
                JSON,
                either,
            ),
        ];
        let summary = "Asks for an act. Who asks is what the operating system says; it is refused where they may not.";
        let mut operation = operation(path, summary, &[], answers);
        if let Some(operation) = operation.as_object_mut() {
            let body = json!({ "required": true, "content": { JSON: { "schema": act() } } });
            operation.insert("requestBody".into(), body);
        }
        self.paths.insert(path.into(), json!({ "post": operation }));
    }

    /// Health and metrics.
    fn for_machines(&mut self) {
        let verbose = json!({
            "name": "verbose", "in": "query", "required": false,
            "description": "Tell of each thing that was looked at.", "schema": { "type": "string" },
        });
        let text = || json!({ "type": "string" });
        for (path, summary) in [
            ("/livez", "Whether the watcher's loop goes round."),
            (
                "/readyz",
                "Whether its journal is open and every app was polled once.",
            ),
        ] {
            let answers = vec![
                Answer(200, "Yes.", TEXT, text()),
                Answer(503, "No, and why.", TEXT, text()),
            ];
            self.get((path, summary), vec![verbose.clone()], answers);
        }
        let kind = crate::api::metrics::CONTENT_TYPE;
        let metrics = Answer(200, "OpenMetrics.", kind, text());
        self.get(("/metrics", "For a Prometheus."), vec![], vec![metrics]);
    }

    fn done(mut self) -> Value {
        let definitions = self.schemas.take_definitions(true);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "haltline",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": "The local API of a haltline watcher.",
                "description": "HTTP/1.1 over a unix socket: curl --unix-socket PATH http://localhost/v1/me. What starts with /v1 stays \
                    as it is but for additions: new fields, new kinds of events, new addresses.",
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "http://localhost", "description": "Over the socket; the name is not looked at." }],
            "paths": self.paths,
            "components": { "schemas": definitions },
        })
    }
}

fn with(first: Answer, mut rest: Vec<Answer>) -> Vec<Answer> {
    rest.insert(0, first);
    rest
}

fn content(Answer(_, _, kind, schema): &mut Answer) -> Value {
    json!({ *kind: { "schema": schema.take() } })
}

fn operation(path: &str, summary: &str, parameters: &[Value], answers: Vec<Answer>) -> Value {
    let name = path.replace(['/', '{', '}', '.'], " ");
    let id = name.split_whitespace().collect::<Vec<_>>().join("-");
    let answers: Map<String, Value> = answers
        .into_iter()
        .map(|mut answer| {
            let content = content(&mut answer);
            let Answer(status, when, ..) = answer;
            (
                status.to_string(),
                json!({ "description": when, "content": content }),
            )
        })
        .collect();
    json!({ "operationId": id, "summary": summary, "parameters": parameters, "responses": answers })
}

/// Each event of a stream: its kind, and what is in it.
fn each(kinds: &[&str], data: &[Value]) -> Value {
    json!({
        "type": "object",
        "description": "Each event.",
        "properties": {
            "event": { "enum": kinds },
            "id": { "type": "string" },
            "data": { "type": "string", "contentMediaType": JSON, "contentSchema": { "anyOf": data } },
        },
        "required": ["event", "data"],
    })
}

/// A parameter of the address, from what stands after its opening bracket.
fn in_path(rest: &str) -> Option<Value> {
    let name = rest.split('}').next()?;
    Some(
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    )
}

/// What is read is described without references: it differs from what is written in what may be left out.
fn read<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Fields of a type as parameters of a query.
fn in_query<T: JsonSchema>() -> Vec<Value> {
    let schema = read::<T>();
    let fields = schema.get("properties").and_then(Value::as_object).cloned();
    let parameter = |(name, mut field): (String, Value)| {
        let about = field
            .as_object_mut()
            .and_then(|field| field.remove("description"));
        json!({ "name": name, "in": "query", "required": false, "description": about, "schema": field })
    };
    fields
        .unwrap_or_default()
        .into_iter()
        .map(parameter)
        .collect()
}

/// The body of an act, which has nothing in it that is not known.
fn act() -> Value {
    let mut schema = read::<AskedAct>();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("unevaluatedProperties".into(), false.into());
    }
    if let Some(id) = schema
        .pointer_mut("/properties/id")
        .and_then(Value::as_object_mut)
    {
        id.insert("pattern".into(), "^[A-Za-z0-9._:-]{1,64}$".into());
    }
    schema
}
