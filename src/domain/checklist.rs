//! What people have to do themselves after a halt: no store lets a tool do it for them.

use super::{Status, StoreKind, Version};

/// The steps out of a rollout that is stopped, or that is bad and cannot be stopped any more, in order.
///
/// Play: version codes are never reused, the halted one stays on the track until a newer release supersedes it. App Store:
/// there is no rollback; the only way out is a new build, reviewed quickly.
pub fn way_out(store: StoreKind, status: Status, version: &Version) -> Vec<String> {
    match store {
        StoreKind::GooglePlay => {
            let next = version.build.as_str().parse::<u64>().map_or_else(|_| "a higher one".to_owned(), |code| (code + 1).to_string());
            vec![
                format!("keep version code {} halted on the track: users who have it keep it", version.build),
                format!("build the fix with version code {next} or higher; never reuse {}", version.build),
                "roll the fix out as a new staged release: it replaces the halted one".into(),
            ]
        }
        StoreKind::AppStore => vec![
            match status {
                Status::Completed => "everybody gets this version: nothing can be paused after COMPLETE".into(),
                _ => "the phased release is paused: no new daily step; manual downloads and new users still get this version".into(),
            },
            format!("build the fix with a new build number, above {}", version.build),
            "submit it and ask Apple for an expedited review".into(),
            "release the fix to all users at once, without phases".into(),
            "tell users in the release notes and support channels to update".into(),
        ],
    }
}
