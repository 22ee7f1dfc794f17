//! The fake Play through real HTTP, and the omission rules one by one.

mod edits;
mod omission;
mod reviews;
mod tokens;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::simulator::{Options, Running, Scenario, SimTime};

const PACKAGE: &str = "com.example.shop";

/// A client of the fake Play, by hand: no adapter.
pub(in crate::simulator) struct Client {
    pub(in crate::simulator) running: Running,
    pub(in crate::simulator) http: reqwest::Client,
    token: String,
}

impl Client {
    pub(in crate::simulator) async fn start() -> Self {
        Self::start_with(Scenario::load("demo").unwrap()).await
    }

    async fn start_with(scenario: Scenario) -> Self {
        let time = SimTime::discrete(scenario.start);
        let options = Options {
            seed: 1,
            time,
            listen: None,
            dir: None,
        };
        let running = Running::start(scenario, options).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let mut client = Self {
            running,
            http,
            token: String::new(),
        };
        client.sign_in().await;
        client
    }

    async fn sign_in(&mut self) {
        let (status, body) = self.ask_token(&self.claims()).await;
        assert_eq!(status, 200, "{body}");
        self.token = body["access_token"].as_str().unwrap().to_owned();
    }

    fn claims(&self) -> Value {
        let now = self.running.world.now().timestamp();
        json!({
            "iss": self.running.keys.service_account.client_email,
            "scope": "https://www.googleapis.com/auth/androidpublisher",
            "aud": format!("{}/token", self.running.urls.google_play),
            "iat": now,
            "exp": now + 3600,
        })
    }

    async fn ask_token(&self, claims: &Value) -> (u16, Value) {
        let file: Value =
            serde_json::from_str(&self.running.keys.service_account.key_file("")).unwrap();
        let key = EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes());
        let assertion = encode(&Header::new(Algorithm::RS256), claims, &key.unwrap()).unwrap();
        self.grant(&assertion).await
    }

    async fn grant(&self, assertion: &str) -> (u16, Value) {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion),
        ];
        let url = format!("{}/token", self.running.urls.google_play);
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(in crate::simulator) fn request(
        &self,
        method: Method,
        path: &str,
    ) -> reqwest::RequestBuilder {
        let root = &self.running.urls.google_play;
        let url = format!("{root}/androidpublisher/v3/applications/{PACKAGE}{path}");
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub(in crate::simulator) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(in crate::simulator) async fn open(&self) -> String {
        let (status, edit) = self.call(Method::POST, "/edits", Some(json!({}))).await;
        assert_eq!(status, 200, "{edit}");
        edit["id"].as_str().unwrap().to_owned()
    }

    pub(in crate::simulator) async fn put(&self, edit: &str, releases: Value) -> (u16, Value) {
        let body = json!({ "track": "production", "releases": releases });
        self.call(
            Method::PUT,
            &format!("/edits/{edit}/tracks/production"),
            Some(body),
        )
        .await
    }

    pub(in crate::simulator) async fn commit(&self, edit: &str, query: &str) -> (u16, Value) {
        self.call(Method::POST, &format!("/edits/{edit}:commit{query}"), None)
            .await
    }

    /// The production track's releases, newest version code first; leaves no edit behind.
    pub(in crate::simulator) async fn releases(&self) -> Vec<Value> {
        let edit = self.open().await;
        let path = format!("/edits/{edit}/tracks/production");
        let (_, track) = self.call(Method::GET, &path, None).await;
        self.call(Method::DELETE, &format!("/edits/{edit}"), None)
            .await;
        let mut releases = track["releases"].as_array().cloned().unwrap_or_default();
        releases
            .sort_by_key(|r| std::cmp::Reverse(r["versionCodes"][0].as_str().unwrap().to_owned()));
        releases
    }

    /// Sends these releases and commits them.
    async fn apply(&self, releases: Value) -> (u16, Value) {
        let edit = self.open().await;
        let (status, answer) = self.put(&edit, releases).await;
        if status != 200 {
            return (status, answer);
        }
        self.commit(&edit, "").await
    }

    /// What the world knows that Play offers a version to.
    fn offered_percent(&self, build: &str) -> u64 {
        let app = "shop-android".to_owned().try_into().unwrap();
        (self.running.world.offered(&app, build) * 100.0).round() as u64
    }

    fn console(&self, act: Value) {
        let act = serde_json::from_value(act).unwrap();
        let app = "shop-android".to_owned().try_into().unwrap();
        self.running.world.act(&app, &act).unwrap();
    }
}

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap_or_default()
}

fn statuses(releases: &[Value]) -> Vec<(&str, &str)> {
    releases
        .iter()
        .map(|r| {
            (
                r["versionCodes"][0].as_str().unwrap(),
                r["status"].as_str().unwrap(),
            )
        })
        .collect()
}
