//! Customer reviews, measurements, and the lookup beside them.

use super::*;

fn created(page: &Value) -> Vec<i64> {
    let reviews = page["data"].as_array().unwrap();
    let at = |review: &Value| {
        let raw = review["attributes"]["createdDate"].as_str().unwrap();
        let parsed = chrono::DateTime::parse_from_rfc3339(raw)
            .or_else(|_| chrono::DateTime::parse_from_str(raw, "%Y-%m-%dT%H:%M:%S%.f%z"));
        parsed.unwrap().timestamp()
    };
    reviews.iter().map(at).collect()
}

#[tokio::test]
async fn reviews_are_sorted_as_asked_and_paged_to_the_end() {
    let apple = Apple::start().await;
    let path = "/v1/apps/6470000001/customerReviews";
    let mut all = Vec::new();
    let mut next = Some(format!("{path}?sort=-createdDate&limit=30"));
    while let Some(link) = next {
        let (status, page) = apple.get(&link).await;
        assert_eq!(status, 200, "{page}");
        all.extend(created(&page));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert!(all.len() > 60, "{}", all.len());
    assert!(all.is_sorted_by(|a, b| a >= b));
    let (_, page) = apple.get(&format!("{path}?limit=200")).await;
    assert!(
        !created(&page).is_sorted_by(|a, b| a >= b),
        "no order that nobody asked for"
    );
    let (_, page) = apple
        .get(&format!("{path}?filter[rating]=1,2&limit=200"))
        .await;
    let low = |review: &Value| review["attributes"]["rating"].as_u64().unwrap() <= 2;
    assert!(page["data"].as_array().unwrap().iter().all(low));
    for wrong in ["?sort=stars", "?limit=201", "?filter[version]=3"] {
        let (status, problem) = apple.get(&format!("{path}{wrong}")).await;
        assert_eq!(status, 400, "{problem}");
    }
}

#[tokio::test]
async fn a_versions_reviews_are_its_own_and_name_no_version() {
    let apple = Apple::start().await;
    let mut sum = 0;
    for build in ["20", "30"] {
        let path = format!(
            "/v1/appStoreVersions/{}/customerReviews?limit=200",
            apple.id(build, "/id")
        );
        let (_, page) = apple.get(&path).await;
        sum += page["meta"]["paging"]["total"].as_u64().unwrap();
        assert!(!page.to_string().contains("versionString"));
    }
    let old = format!(
        "/v1/appStoreVersions/{}/customerReviews",
        apple.id("10", "/id")
    );
    sum += apple.get(&old).await.1["meta"]["paging"]["total"]
        .as_u64()
        .unwrap();
    let (_, page) = apple.get("/v1/apps/6470000001/customerReviews").await;
    assert_eq!(page["meta"]["paging"]["total"], sum);
}

#[tokio::test]
async fn measurements_have_a_form_of_their_own_and_come_two_days_late() {
    let apple = Apple::start().await;
    let path = "/v1/apps/6470000001/perfPowerMetrics?filter[metricType]=LAUNCH";
    assert_eq!(apple.get(path).await.0, 200);
    let ask = async |accept: &str| {
        let token = sign(&apple.claims(-1, 14), Some(&KEYS.app_store.key_id));
        let request = apple
            .http
            .get(format!("{}{path}", apple.base))
            .bearer_auth(token);
        request.header("accept", accept).send().await.unwrap()
    };
    assert_eq!(ask("application/json").await.status(), 406);
    let form = "application/vnd.apple.xcode-metrics+json";
    let answer = ask(form).await;
    assert_eq!(answer.headers()["content-type"], form);
    let versions = |body: &Value| -> Vec<String> {
        let sets = body.pointer("/productData/0/metricCategories/0/metrics/0/datasets");
        let points = sets.unwrap()[0]["points"].as_array().unwrap().clone();
        points
            .iter()
            .map(|p| p["version"].as_str().unwrap().to_owned())
            .collect()
    };
    let early = versions(&answer.json().await.unwrap());
    assert!(
        early.contains(&"2.0.0".to_owned()) && !early.contains(&"3.0.0".to_owned()),
        "{early:?}"
    );
    apple.pass(TimeDelta::days(1));
    let late = versions(&ask(form).await.json().await.unwrap());
    assert!(late.contains(&"3.0.0".to_owned()), "{late:?}");
}
