//! A secret from a program's standard output: run without a shell, bounded in time and size.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};

use super::{BadSecret, LARGEST};

/// A password manager may ask its agent, but nobody waits longer than that at a start.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Runs `program` in the config's folder. What it says on standard error goes where ours goes, and in no message.
pub(super) fn run(program: &str, args: &[String], base: &Path) -> Result<SecretString, BadSecret> {
    run_within(program, args, base, TIME_LIMIT)
}

fn run_within(
    program: &str,
    args: &[String],
    base: &Path,
    limit: Duration,
) -> Result<SecretString, BadSecret> {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(base)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that the limit reaches the program's children too.
        .process_group(0)
        .spawn()
        .map_err(|error| {
            BadSecret::new(
                format!("the command {program} cannot be run: {error}"),
                "write the program's full path; there is no shell, so no quotes, pipes or variables",
            )
        })?;
    let group = Pid::from_child(&child);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut out = String::new();
        let read = child
            .stdout
            .take()
            .map(|pipe| pipe.take(LARGEST as u64 + 1).read_to_string(&mut out));
        let fine = matches!(read, Some(Ok(_))) && out.len() <= LARGEST;
        if !fine {
            // It may be waiting for us to take more.
            end(group);
        }
        let ended = child.wait();
        // Nobody listens any more where the limit was reached first.
        drop(tell.send((fine.then(|| SecretString::from(out)), ended)));
    });
    match told.recv_timeout(limit) {
        Ok((Some(out), Ok(status))) => output(program, &out, status),
        Ok((None, _)) => Err(BadSecret::new(
            format!("the command {program} printed no text, or more than {LARGEST} bytes"),
            "it must print the secret and nothing else",
        )),
        Ok((_, Err(error))) => Err(BadSecret::new(
            format!("the command {program} was lost: {error}"),
            "",
        )),
        Err(_) => {
            end(group);
            Err(BadSecret::new(
                format!(
                    "the command {program} did not end within {} s",
                    limit.as_secs()
                ),
                "it must not ask anybody anything: haltline starts unattended",
            ))
        }
    }
}

/// The group may be gone already, which is as well.
fn end(group: Pid) {
    let _gone = kill_process_group(group, Signal::KILL).is_err();
}

fn output(
    program: &str,
    out: &SecretString,
    status: ExitStatus,
) -> Result<SecretString, BadSecret> {
    let text = out.expose_secret().trim();
    if !status.success() {
        return Err(BadSecret::new(
            format!("the command {program} failed ({status})"),
            "run it by hand, as the user that haltline runs as",
        ));
    }
    if text.is_empty() {
        return Err(BadSecret::new(
            format!("the command {program} printed nothing"),
            "it must print the secret on its standard output",
        ));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(raw: &[&str]) -> Vec<String> {
        raw.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn output_is_the_secret_and_nothing_is_expanded() {
        let dir = tempfile::tempdir().unwrap();
        let secret = run("echo", &words(&["$HOME;", "x"]), dir.path()).unwrap();
        assert_eq!(secret.expose_secret(), "$HOME; x");
    }

    #[test]
    fn failures_are_told_without_the_output() {
        let dir = tempfile::tempdir().unwrap();
        let told = |program: &str, args: &[&str]| {
            run_within(program, &words(args), dir.path(), Duration::from_secs(5))
                .unwrap_err()
                .what
        };
        assert!(told("/nonexistent/tool", &[]).contains("cannot be run"));
        assert!(told("true", &[]).contains("printed nothing"));
        let failed = told("sh", &["-c", "echo geheim; exit 3"]);
        assert!(failed.contains("failed") && !failed.contains("geheim"));
        assert!(told("cat", &["/dev/zero"]).contains("more than"));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let error = run_within(
            "tail",
            &words(&["-f", "/dev/null"]),
            dir.path(),
            Duration::from_millis(50),
        );
        assert!(error.unwrap_err().what.contains("did not end"));
    }
}
