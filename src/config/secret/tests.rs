use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

fn file(dir: &Path, name: &str, mode: u32) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, "geheim\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn refused(reference: &str, base: &Path, around: &Surroundings) -> BadSecret {
    let reference = Reference::parse(reference).unwrap();
    let bad = reference.read(base, around).err().unwrap();
    assert!(!format!("{bad:?}").contains("geheim"));
    bad
}

#[test]
fn what_is_no_reference_is_not_repeated() {
    for raw in ["geheim", "geheim:x", "", "env:", "file: ", "credential:a/b"] {
        let bad = Reference::parse(raw).unwrap_err();
        assert!(!format!("{bad:?}").contains("geheim"), "{bad:?}");
    }
    assert_eq!(
        Reference::parse("command: pass  show play").unwrap(),
        Reference::Command(vec!["pass".into(), "show".into(), "play".into()])
    );
}

#[test]
fn a_file_that_others_may_read_is_refused_with_the_command_to_run() {
    let dir = tempfile::tempdir().unwrap();
    let around = Surroundings::default();
    for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
        let path = file(dir.path(), "it's a key", mode);
        let bad = refused("file:it's a key", dir.path(), &around);
        let quoted = path.display().to_string().replace('\'', r"'\''");
        assert_eq!(bad.help, format!("run: chmod 600 '{quoted}'"));
    }
    for mode in [0o600, 0o400, 0o700] {
        file(dir.path(), "key", mode);
        let found = Reference::parse("file:key")
            .unwrap()
            .read(dir.path(), &around)
            .ok()
            .unwrap();
        assert_eq!(found.secret.expose_secret(), "geheim");
    }
}

#[test]
fn a_link_is_judged_by_what_it_leads_to() {
    let dir = tempfile::tempdir().unwrap();
    let around = Surroundings::default();
    file(dir.path(), "open", 0o644);
    std::os::unix::fs::symlink("open", dir.path().join("link")).unwrap();
    assert!(
        refused("file:link", dir.path(), &around)
            .help
            .contains("chmod 600")
    );
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
    let bad = refused("file:dangling", dir.path(), &around);
    assert!(
        bad.what.contains(&dir.path().display().to_string()),
        "{bad:?}"
    );
}

#[test]
fn a_pipe_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let bad = refused("file:pipe", dir.path(), &Surroundings::default());
    assert!(bad.what.contains("not a regular file"), "{bad:?}");
}

#[test]
fn systemd_credentials_may_show_group_bits() {
    let dir = tempfile::tempdir().unwrap();
    let mut around = Surroundings::default();
    let bad = refused("credential:play", dir.path(), &around);
    assert!(bad.help.contains("LoadCredential=play:"), "{bad:?}");
    let folder = dir.path().display().to_string();
    around.vars.insert("CREDENTIALS_DIRECTORY".into(), folder);
    file(dir.path(), "play", 0o440);
    let read = Reference::parse("credential:play")
        .unwrap()
        .read(Path::new("/"), &around);
    assert_eq!(read.ok().unwrap().origin, "systemd credential play");
    file(dir.path(), "play", 0o444);
    refused("credential:play", dir.path(), &around);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let mut around = Surroundings::default();
    around.vars.insert("TOKEN".into(), String::new());
    assert!(
        refused("env:TOKEN", Path::new("/"), &around)
            .what
            .contains("not set, or empty")
    );
    around.vars.insert("TOKEN".into(), " geheim\n".into());
    let found = read_env("TOKEN", &around).ok().unwrap();
    assert_eq!(found.secret.expose_secret(), "geheim");
    assert!(!format!("{:?}", found.secret).contains("geheim"));
}

#[test]
fn another_users_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "key", 0o600);
    // Only root can give a file away; where we are not, nothing can be tried.
    if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
        let bad = refused("file:key", dir.path(), &Surroundings::default());
        assert!(bad.what.contains("another user"), "{bad:?}");
    }
}
