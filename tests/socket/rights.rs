//! Who may do what is what the operating system says: real users of this machine, each of them asking for every act.
//!
//! Takes root, to become another user, and the users that Debian has from the start.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::Value;

use crate::talk::get;
use crate::world::{World, until};

pub(crate) const ACCESS: &str = r#"[access]
admins = ["daemon"]
operators = ["@mail"]"#;

/// A user as /etc/passwd has them.
#[derive(Clone, Copy, Debug)]
struct User {
    name: &'static str,
    id: u32,
    role: &'static str,
    by: &'static str,
}

const USERS: [User; 3] = [
    User {
        name: "games",
        id: 5,
        role: "viewer",
        by: "nobody named you",
    },
    User {
        name: "mail",
        id: 8,
        role: "operator",
        by: "@mail",
    },
    User {
        name: "daemon",
        id: 1,
        role: "admin",
        by: "named",
    },
];
const NOBODY: u32 = 65_534;
/// An operator by [`ACCESS`].
pub(crate) const MAIL: u32 = 8;

/// Why it cannot be tested here, where it cannot.
pub(crate) fn impossible() -> Option<String> {
    let id = |args: &[&str]| {
        let out = Command::new("id").args(args).output().ok()?;
        Some(String::from_utf8(out.stdout).ok()?.trim().to_owned())
    };
    if id(&["-u"]).as_deref() != Some("0") {
        return Some("only root can become somebody else".into());
    }
    if Command::new("curl").arg("--version").output().is_err() {
        return Some("there is no curl".into());
    }
    let other = USERS
        .iter()
        .find(|user| id(&["-u", user.name]) != Some(user.id.to_string()));
    other.map(|user| format!("{} is not user {}", user.name, user.id))
}

/// Status and body, as that user gets them. Their groups are looked up, whatever the process has.
fn asks(world: &World, uid: u32, args: &[&str]) -> (u16, Value) {
    try_asks(world, uid, args).unwrap()
}

/// The same; `None` where no answer comes.
pub(crate) fn try_asks(world: &World, uid: u32, args: &[&str]) -> Option<(u16, Value)> {
    let out = Command::new("curl")
        .args(["-sS", "-m", "30", "-w", "\n%{http_code}", "--unix-socket"])
        .arg(world.socket())
        .args(args)
        .current_dir("/")
        .uid(uid)
        .gid(uid)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n')?;
    let status = status.parse().ok().filter(|status| *status != 0)?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

fn acts(world: &World, user: User, number: usize, act: &str) -> (u16, Value) {
    let body = format!(r#"{{"id":"{number}","app":"shop-android","reason":"a test",{act}}}"#);
    asks(world, user.id, &["-d", &body, "http://localhost/v1/acts"])
}

#[test]
fn every_role_may_do_what_is_its_own_and_nothing_else() {
    if let Some(why) = impossible() {
        println!("SKIPPED: roles of real users: {why}");
        return;
    }
    let world = World::new("healthy", ACCESS);
    for user in USERS {
        let (status, me) = asks(&world, user.id, &["http://localhost/v1/me"]);
        assert_eq!(
            (status, me["role"].as_str()),
            (200, Some(user.role)),
            "{me}"
        );
        assert_eq!(
            (me["name"].as_str(), me["by"].as_str()),
            (Some(user.name), Some(user.by))
        );
        assert_eq!(me["ask"].as_str() == Some(""), user.role == "admin", "{me}");
    }
    // Nobody sees nothing.
    for path in [
        "v1/me",
        "v1/snapshot",
        "v1/picture",
        "v1/events",
        "metrics",
        "livez",
        "openapi.json",
        "nowhere",
    ] {
        let (status, told) = asks(&world, NOBODY, &[&format!("http://localhost/{path}")]);
        assert_eq!(
            (status, told["error"]["kind"].as_str()),
            (403, Some("forbidden")),
            "{path}"
        );
    }
    let pause = r#"{"id":"1","app":"shop-android","act":"do","verb":"pause","reason":"x"}"#;
    let (status, _) = asks(&world, NOBODY, &["-d", pause, "http://localhost/v1/acts"]);
    assert_eq!(status, 403);

    let picture = get(world.socket(), "/v1/snapshot").unwrap().json();
    let rule = picture["apps"][0]["rules"][0]["rule"].as_str().unwrap();
    let over = format!(
        r#""act":"change","change":{{"change":"override","rule":"{rule}","with":{{"with":"off"}},"seconds":600}}"#
    );
    let end = format!(r#""act":"change","change":{{"change":"end-override","rule":"{rule}"}}"#);
    // In this order: what is loosened is tightened again, and after the halt resuming is for an admin.
    let acts_of = [
        (over.as_str(), "admin"),
        (end.as_str(), "operator"),
        (r#""act":"acknowledge""#, "operator"),
        (r#""act":"note","text":"looking""#, "operator"),
        (r#""act":"postpone""#, "operator"),
        (
            r#""act":"disarm","until":"2099-01-01T00:00:00Z""#,
            "operator",
        ),
        (r#""act":"arm""#, "operator"),
        (r#""act":"approve""#, "operator"),
        (
            r#""act":"declare","flow":"checkout","fix":"known""#,
            "operator",
        ),
        (r#""act":"withdraw","flow":"checkout""#, "operator"),
        (
            r#""act":"report","verb":"halt","at":"2026-01-01T00:00:00Z","outcome":{"Ok":"5%"}"#,
            "operator",
        ),
        (r#""act":"do","verb":"hold""#, "operator"),
        (r#""act":"do","verb":"start""#, "operator"),
        (r#""act":"do","verb":"advance""#, "operator"),
        (r#""act":"do","verb":"complete""#, "operator"),
        (r#""act":"do","verb":"pause""#, "operator"),
        (r#""act":"do","verb":"halt""#, "operator"),
        (r#""act":"do","verb":"resume""#, "admin"),
    ];
    for (number, (act, least)) in acts_of.iter().enumerate() {
        for user in USERS {
            // Whoever only looks may not ask for as much as this in one go.
            let (status, reply) = until("it is answered", || {
                Some(acts(&world, user, number, act)).filter(|(status, _)| *status != 429)
            });
            let may = user.role == "admin" || user.role == *least;
            let told = format!("{} asks for {act}: {status} {reply}", user.role);
            assert_eq!(status == 403, !may, "{told}");
            assert!(matches!(status, 200 | 403 | 409), "{told}");
            if !may {
                let refused = (reply["reply"].as_str(), reply["kind"].as_str());
                assert_eq!(refused, (Some("refused"), Some("rights")), "{told}");
            }
        }
    }
    let audit = get(world.socket(), "/v1/audit?app=shop-android")
        .unwrap()
        .json();
    let notes: Vec<&str> = audit["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["event"] == "noted")
        .map(|record| record["actor"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(notes, ["mail", "daemon"], "who asked is who they are");
}

#[test]
fn where_nobody_is_named_only_the_watchers_own_user_may_act() {
    if let Some(why) = impossible() {
        println!("SKIPPED: roles of real users: {why}");
        return;
    }
    let world = World::new("healthy", "");
    let me = get(world.socket(), "/v1/me").unwrap().json();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("root"), Some("admin"))
    );
    for user in USERS {
        let (_, me) = asks(&world, user.id, &["http://localhost/v1/me"]);
        assert_eq!(me["role"], "viewer", "{me}");
        assert_eq!(acts(&world, user, 1, r#""act":"arm""#).0, 403);
    }
    // A stranger learns nothing of what there is.
    let nowhere = r#"{"id":"n","app":"no-such-app","act":"acknowledge"}"#;
    let (status, _) = asks(
        &world,
        USERS[0].id,
        &["-d", nowhere, "http://localhost/v1/acts"],
    );
    assert_eq!(status, 403);
    // Refusals take work, so that their number has an end: 10, and one more each 6 s.
    let statuses: Vec<u16> = (2..14)
        .map(|n| acts(&world, USERS[0], n, r#""act":"arm""#).0)
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_ne!(
        acts(&world, USERS[1], 2, r#""act":"arm""#).0,
        429,
        "it is another one's"
    );
}
