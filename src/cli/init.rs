//! `haltline init`: from what is there already to a first config, and then to what is still missing.
//!
//! Asks and writes; what is found, and what the config says, is [`discover`]'s.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;

use super::args::InitArgs;
use super::exit::Exit;
use super::{doctor, load, say};
use crate::config::discover::{self, Discovery};
use crate::config::{Surroundings, locate};
use crate::domain::PlainText;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    path: String,
    written: bool,
    found: Vec<Found<'a>>,
    remarks: &'a [PlainText],
    /// As `haltline doctor` has them; none where nothing was written.
    checks: Vec<doctor::Line>,
}

#[derive(Serialize)]
struct Found<'a> {
    what: &'a PlainText,
    place: &'a PlainText,
}

pub(super) async fn run(
    path: Option<&Path>,
    args: &InitArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let target = around
        .cwd
        .join(path.unwrap_or(Path::new(locate::FILE_NAME)));
    // A dangling link is something that is there, too.
    if !args.print && target.symlink_metadata().is_ok() {
        return Ok(refused(&format!(
            "{} is there already, and is left as it is; see what would be written with: haltline init --print",
            target.display()
        )));
    }
    let discovery = discover::discover(&target, around);
    let Some(text) = &discovery.text else {
        return Ok(nothing(&discovery, &target, args));
    };
    if args.print {
        remark(&discovery);
        say::forgiving(io::stdout().lock().write_all(text.as_bytes()))?;
        return Ok(Exit::Fine);
    }
    if !args.json {
        tell(&discovery);
    }
    if !args.yes
        && let Err(why) = confirmed(&target, around)
    {
        return Ok(refused(why));
    }
    if let Err(error) = write(&target, text) {
        return Ok(refused(&format!(
            "cannot write {}: {error}",
            target.display()
        )));
    }
    if !args.json {
        say::err(&format!("wrote {}", target.display()));
    }
    let (config, clock) = match load::with_clock(Some(&target), around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let checks = doctor::look(&config, &clock).await?;
    let exit = doctor::exit(&checks);
    if args.json {
        document(&discovery, &target, checks);
    } else {
        doctor::show(&checks);
    }
    Ok(exit)
}

fn refused(why: &str) -> Exit {
    say::err(&format!("haltline: {why}"));
    Exit::Usage
}

fn nothing(discovery: &Discovery, target: &Path, args: &InitArgs) -> Exit {
    if args.json {
        document(discovery, target, Vec::new());
    }
    tell(discovery);
    say::err(
        "haltline: nothing here says which app it is; nothing was written. haltline looks at:",
    );
    for place in discover::LOOKED_AT {
        say::err(&format!("  {place}"));
    }
    say::err("begin with an example instead: haltline config example > haltline.toml");
    Exit::Usage
}

/// What was found, on stderr.
fn tell(discovery: &Discovery) {
    for finding in &discovery.found {
        say::err(&format!("found  {}  ({})", finding.what, finding.place));
    }
    remark(discovery);
}

fn remark(discovery: &Discovery) {
    for remark in &discovery.remarks {
        say::err(&format!("note   {remark}"));
    }
}

fn document(discovery: &Discovery, target: &Path, checks: Vec<doctor::Line>) {
    let found = discovery.found.iter().map(|finding| Found {
        what: &finding.what,
        place: &finding.place,
    });
    say::json(&Document {
        schema: "haltline/init/v1",
        path: target.display().to_string(),
        written: discovery.text.is_some(),
        found: found.collect(),
        remarks: &discovery.remarks,
        checks,
    });
}

/// Asked once, where there is somebody. Else why it is not done.
fn confirmed(target: &Path, around: &Surroundings) -> Result<(), &'static str> {
    if !io::stdin().is_terminal() || around.var("CI").is_some() {
        return Err("nobody can be asked here; say --yes to write it, or --print to see it");
    }
    say::err(&format!("write {}? [y/N]", target.display()));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let yes = matches!(line.trim(), "y" | "Y" | "yes");
    if read.is_ok() && yes {
        Ok(())
    } else {
        Err("nothing was written")
    }
}

/// Never over a file that is there, also where it came meanwhile.
fn write(target: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(target)?;
    file.write_all(text.as_bytes())
}
