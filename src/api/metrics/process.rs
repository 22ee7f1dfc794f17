//! The process itself, by the names that every dashboard knows. Of Linux; elsewhere nothing is told.

use std::fs;

use super::family::Family;

/// Clock ticks a second in `/proc`, fixed for programs whatever the kernel runs at (proc_pid_stat(5), `USER_HZ`).
const TICKS: f64 = 100.0;

pub(super) fn families() -> Vec<Family> {
    let build = Family::gauge("haltline_build_info", "Always 1")
        .row(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
    std::iter::once(build)
        .chain(own().unwrap_or_default())
        .collect()
}

fn own() -> Option<Vec<Family>> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let fds = fs::read_dir("/proc/self/fd").ok()?.count();
    // Behind the name, which may hold anything: the third field and those after it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |nth: usize| fields.get(nth - 3)?.parse::<f64>().ok();
    let cpu = (number(14)? + number(15)?) / TICKS;
    let booted = value_of(&machine, "btime")?;
    Some(vec![
        Family::counter(
            "process_cpu_seconds",
            "Processor time spent, in user space and in the kernel",
        )
        .row(vec![], cpu),
        Family::gauge("process_resident_memory_bytes", "Memory that is in use now")
            .row(vec![], value_of(&status, "VmRSS:")? * 1024.0),
        Family::gauge("process_start_time_seconds", "When it was started")
            .row(vec![], booted + number(22)? / TICKS),
        Family::gauge("process_open_fds", "Files and connections that are open")
            .row(vec![], fds as f64),
    ])
}

/// The number behind a word at the beginning of a line.
fn value_of(text: &str, word: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}
