use reqwest::{Method, Url};

use super::*;
use crate::http::testing::{Server, reply, start_of_time, vendor};
use crate::http::{Body, Limits};
use crate::ports::{SimClock, ahead};

fn call(server: &Server, method: Method) -> Call {
    Call::new(method, Url::parse(&server.base).unwrap(), Body::Empty)
}

/// Answers with these statuses in turn, then 200.
async fn server(statuses: &'static [u16]) -> Server {
    let mut left = statuses.iter();
    Server::start(move |_| reply(*left.next().unwrap_or(&200), "{}")).await
}

#[tokio::test]
async fn a_read_is_repeated_twice_at_most_with_growing_pauses_on_the_clock() {
    let server = server(&[500, 503, 502, 500]).await;
    let (vendor, clock) = vendor();
    let answer = vendor.read(call(&server, Method::GET)).await.unwrap();
    assert_eq!((answer.status, server.seen().len()), (502, 3));
    let waited = clock.now() - start_of_time();
    assert!(waited <= FIRST_PAUSE * 3, "{waited}");
}

#[tokio::test]
async fn a_read_that_gets_well_is_answered_and_refusals_are_not_repeated() {
    let (vendor, _clock) = vendor();
    let sick = server(&[500]).await;
    assert_eq!(
        vendor.read(call(&sick, Method::GET)).await.unwrap().status,
        200
    );
    for status in [400, 401, 403, 404, 409, 429, 501] {
        let refusing = Server::start(move |_| reply(status, "{}")).await;
        vendor.read(call(&refusing, Method::GET)).await.unwrap();
        assert_eq!(refusing.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_write_is_sent_once_whatever_happens() {
    let server = server(&[500]).await;
    let (vendor, _clock) = vendor();
    let answer = vendor.send(call(&server, Method::POST)).await.unwrap();
    assert_eq!((answer.status, server.seen().len()), (500, 1));
}

#[tokio::test]
async fn a_storm_is_not_multiplied() {
    let server = Server::start(|_| reply(503, "")).await;
    let (vendor, _clock) = vendor();
    for _ in 0..200 {
        vendor.read(call(&server, Method::GET)).await.unwrap();
    }
    let requests = server.seen().len();
    assert!(
        requests <= 200 * 6 / 5 + 2,
        "{requests} requests for 200 reads"
    );
}

#[tokio::test]
async fn the_servers_own_waiting_time_is_kept_or_the_read_ends() {
    let (vendor, clock) = vendor();
    let mut asked = 0;
    let patient = Server::start(move |_| {
        asked += 1;
        let status = if asked == 1 { 503 } else { 200 };
        reply(status, "").header("retry-after", "5")
    })
    .await;
    assert_eq!(
        vendor
            .read(call(&patient, Method::GET))
            .await
            .unwrap()
            .status,
        200
    );
    assert!(clock.now() - start_of_time() >= TimeDelta::seconds(5));

    let long = Server::start(|_| reply(503, "").header("retry-after", "3600")).await;
    assert_eq!(
        vendor.read(call(&long, Method::GET)).await.unwrap().status,
        503
    );
    assert_eq!(long.seen().len(), 1);
}

#[tokio::test]
async fn the_rate_limit_spreads_requests_over_time() {
    let server = Server::start(|_| reply(200, "")).await;
    let clock = Arc::new(crate::ports::SimClock::starting_at(start_of_time()));
    let rate = Rate {
        per_minute: 60,
        burst: 2,
    };
    let client = Client::new(Limits::default()).unwrap();
    let vendor = VendorClient::new(client, Arc::clone(&clock) as _, rate, 1);
    for _ in 0..5 {
        vendor.send(call(&server, Method::GET)).await.unwrap();
    }
    assert_eq!(clock.now() - start_of_time(), TimeDelta::seconds(3));
}

/// A halt does not stand in a queue, and whoever stands in it waits for the halt's requests too.
#[tokio::test]
async fn whoever_is_ahead_waits_for_no_token_and_takes_one_all_the_same() {
    let server = Server::start(|_| reply(200, "{}")).await;
    let clock = Arc::new(SimClock::starting_at(start_of_time()));
    let rate = Rate {
        per_minute: 60,
        burst: 1,
    };
    let client = Client::new(Limits::default()).unwrap();
    let vendor = VendorClient::new(client, Arc::clone(&clock) as _, rate, 1);
    let waited = || (clock.now() - start_of_time()).num_seconds();
    vendor.read(call(&server, Method::GET)).await.unwrap();
    for _ in 0..3 {
        let halt = vendor.send(call(&server, Method::POST));
        ahead(halt).await.unwrap();
    }
    assert_eq!(waited(), 0);
    vendor.read(call(&server, Method::GET)).await.unwrap();
    assert_eq!((waited(), server.seen().len()), (4, 5));
}
