//! `reviews.list`: a week, pages, and a quota of its own.

use super::*;

#[tokio::test]
async fn the_week_is_listed_newest_first_page_by_page() {
    let play = Client::start().await;
    let now = play.running.world.now().timestamp();
    let (mut path, mut times, mut total) = ("/reviews?maxResults=20".to_owned(), Vec::new(), None);
    loop {
        let (status, page) = play.call(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{page}");
        total = total.or(page["pageInfo"]["totalResults"].as_u64());
        let reviews = page["reviews"].as_array().unwrap();
        assert!(reviews.len() <= 20);
        for review in reviews {
            let comment = &review["comments"][0]["userComment"];
            let seconds = comment["lastModified"]["seconds"].as_str().unwrap();
            times.push(seconds.parse::<i64>().unwrap());
            assert!((1..=5).contains(&comment["starRating"].as_u64().unwrap()));
            assert!(comment["appVersionCode"].is_u64() || comment["appVersionCode"].is_null());
        }
        match page["tokenPagination"]["nextPageToken"].as_str() {
            Some(token) => path = format!("/reviews?maxResults=20&token={token}"),
            None => break,
        }
    }
    assert_eq!(times.len() as u64, total.unwrap());
    assert!(times.len() > 20 && times.is_sorted_by(|a, b| a >= b));
    assert!(times.iter().all(|at| now - at <= 7 * 86_400));
    let (_, page) = play.call(Method::GET, "/reviews", None).await;
    assert_eq!(page["reviews"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn two_hundred_an_hour_and_what_is_not_known_is_refused() {
    let play = Client::start().await;
    for wrong in [
        "/reviews?token=nonsense",
        "/reviews?maxResults=many",
        "/reviews?pageSize=3",
    ] {
        let (status, body) = play.call(Method::GET, wrong, None).await;
        assert_eq!(status, 400, "{body}");
    }
    let mut last = 0;
    for _ in 0..200 {
        last = play
            .call(Method::GET, "/reviews?maxResults=1", None)
            .await
            .0;
    }
    assert_eq!(last, 429);
    play.open().await;
}
