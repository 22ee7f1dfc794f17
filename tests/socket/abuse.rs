//! What is not HTTP, too much of it, or too slow: the watcher goes on, and answers whoever asks properly.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use haltline::ports::{Clock as _, WallClock};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::rights::{self, ACCESS};
use crate::talk::{answer, ask, connect, get, post};
use crate::world::{World, until};

/// It lives, answers at once, and its picture moves on.
fn goes_on(world: &World, after: &str) {
    let live = until(after, || {
        get(world.socket(), "/livez")
            .ok()
            .filter(|it| it.status != 503)
    });
    assert_eq!(live.body, "ok\n", "{after}");
    assert_eq!(
        get(world.socket(), "/v1/snapshot").unwrap().status,
        200,
        "{after}"
    );
}

#[test]
fn the_watcher_bears_whatever_comes() {
    let world = World::new("healthy", "");
    let socket = world.socket();
    goes_on(&world, "nothing");

    for garbage in [
        "\0\u{1}\u{2}\u{fffd}".repeat(4000),
        "GET / HTTP/9.9\r\n\r\n".into(),
        "no such method at all\r\n\r\n".into(),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100_000)),
        "POST /v1/acts HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".into(),
        "POST /v1/acts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".into(),
    ] {
        let mut stream = connect(socket).unwrap();
        // It may have been refused before it was all said.
        drop(stream.write_all(garbage.as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        let mut told = Vec::new();
        if stream.read_to_end(&mut told).is_ok() && !told.is_empty() {
            let told = String::from_utf8_lossy(&told);
            assert!(told.starts_with("HTTP/1.1 4"), "{told}");
        }
    }
    goes_on(&world, "garbage");

    let huge = "POST /v1/acts HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n{";
    assert_eq!(ask(socket, huge).unwrap().status, 413);
    let chunked = "POST /v1/acts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let endless = format!(
        "{chunked}{}",
        format!("10000\r\n{}\r\n", "x".repeat(65536)).repeat(2)
    );
    assert_eq!(ask(socket, &endless).unwrap().status, 413);
    let deep = format!("{{\"id\":\"1\",\"act\":{}", "[".repeat(30_000));
    assert_eq!(post(socket, &deep).unwrap().status, 400);
    goes_on(&world, "huge requests");

    // Whoever has said all, and says so, still gets the answer.
    let mut half = connect(socket).unwrap();
    half.write_all(b"GET /v1/snapshot HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answer(&mut half).unwrap().status, 200);

    let mut pipelined = connect(socket).unwrap();
    let many = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n".repeat(99);
    pipelined.write_all(many.as_bytes()).unwrap();
    pipelined
        .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answers = String::new();
    pipelined.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 100);

    // Streams that nobody reads, and heads that never end, until they are let go.
    let mut held: Vec<UnixStream> = Vec::new();
    for request in [
        "GET /v1/picture HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nslow: ",
    ] {
        for _ in 0..30 {
            let mut stream = connect(socket).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            held.push(stream);
        }
    }
    goes_on(&world, "streams that nobody reads");
    let mut slow = held.pop().unwrap();
    // However much is added to it, a head that does not end is ended.
    until("a slow head is cut off", || {
        drop(slow.write_all(b"x"));
        slow.set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        match slow.read(&mut [0; 512]) {
            Ok(0) => Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(()),
            _ => None,
        }
    });
    drop(held);
}

#[test]
fn each_of_many_acts_is_taken_once() {
    let world = World::new("healthy", "");
    let socket = world.socket();
    goes_on(&world, "nothing");
    let taken = thread::scope(|scope| {
        let asks = |id: String| {
            post(
                socket,
                &format!(r#"{{"id":"{id}","app":"shop-android","act":"note","text":"many"}}"#),
            )
        };
        let all: Vec<_> = (0..60)
            .map(|n| {
                scope.spawn(move || {
                    asks(if n < 30 {
                        format!("each-{n}")
                    } else {
                        "same".into()
                    })
                })
            })
            .collect();
        all.into_iter()
            .map(|it| it.join().unwrap().unwrap())
            .filter(|it| it.status == 200)
            .count()
    });
    assert_eq!(taken, 60);
    let audit = get(socket, "/v1/audit").unwrap().body;
    assert_eq!(
        audit.matches("\"many\"").count(),
        31,
        "30 of their own, and one that was asked 30 times"
    );
    goes_on(&world, "many acts");
}

/// What another user asks for while one has taken all that one can.
fn others_act(world: &World) {
    let ask = |uid, args: &[&str]| {
        // Of ten thousand that wait to be taken, this one is the last.
        until("another user is answered", || {
            let answer = rights::try_asks(world, uid, args)?;
            (answer.0 != 503).then_some(answer)
        })
    };
    let (status, me) = ask(rights::MAIL, &["http://localhost/v1/me"]);
    assert_eq!(
        (status, me["role"].as_str()),
        (200, Some("operator")),
        "{me}"
    );
    let halt = r#"{"id":"1","app":"shop-android","act":"do","verb":"halt","reason":"it crashes"}"#;
    let (status, reply) = ask(rights::MAIL, &["-d", halt, "http://localhost/v1/acts"]);
    assert_eq!(status, 200, "{reply}");
    until("the halt is proven", || {
        let (_, told) = ask(rights::MAIL, &["http://localhost/v1/apps/shop-android"]);
        (told["latched"] == true && told["desire"].is_null()).then_some(())
    });
}

#[test]
fn ten_thousand_connections_leave_it_alive() {
    let others = rights::impossible();
    let access = if others.is_none() { ACCESS } else { "" };
    let world = World::new("healthy", access);
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(20_000).min(20_000);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        },
    )
    .unwrap();
    let wanted = 10_000.min(most as usize - 100);
    if wanted < 10_000 {
        println!("only {wanted} connections: this system gives {most} files");
    }
    let mut held = Vec::new();
    let mut refused = 0;
    let end = WallClock.now() + TimeDelta::minutes(1);
    while held.len() < wanted && WallClock.now() < end {
        match UnixStream::connect(world.socket()) {
            Ok(stream) => held.push(stream),
            // More wait than a queue holds.
            Err(_full) => {
                refused += 1;
                thread::yield_now();
            }
        }
    }
    assert_eq!(held.len(), wanted, "{refused} tries found the queue full");
    // One that came too late is told so.
    let mut told = String::new();
    held.last_mut()
        .unwrap()
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    held.last_mut().unwrap().read_to_string(&mut told).unwrap();
    assert!(
        told.starts_with("HTTP/1.1 503") && told.contains("too many connections"),
        "{told}"
    );
    println!("{wanted} connections; {refused} times the queue was full");
    if let Some(why) = others {
        println!("SKIPPED: others act while one user has all these: {why}");
    } else {
        others_act(&world);
    }
    // Those that were taken and say nothing are let go, held or not.
    goes_on(&world, "10,000 connections");
    drop(held);
    goes_on(&world, "all of them gone");
}
