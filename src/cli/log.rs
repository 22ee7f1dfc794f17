//! Log lines on stderr: for people, for the journal of systemd, or as JSON. Of haltline itself, nothing of its libraries.
//!
//! Must not be handed a secret: those are of types that show nothing.

use std::fmt;
use std::os::fd::AsFd;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// With the time, for whoever looks at a terminal or a file.
    Plain,
    /// The journal knows the time; the priority is in front.
    Journal,
    Json,
}

/// On stderr. `HALTLINE_LOG` sets the level (off, error, warn, info, debug, trace), `HALTLINE_LOG_FORMAT=json` the form.
pub(super) fn to_stderr(daemon: bool) {
    let asked = std::env::var("HALTLINE_LOG")
        .ok()
        .and_then(|raw| raw.parse::<LevelFilter>().ok());
    let level = asked.unwrap_or(if daemon {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    });
    let var = |name| std::env::var(name).ok();
    let form = form(
        var("HALTLINE_LOG_FORMAT").as_deref(),
        var("JOURNAL_STREAM").as_deref(),
        identity(std::io::stderr()),
    );
    begin(level, form, std::io::stderr);
}

/// With the time, to wherever that is.
pub(super) fn to(level: LevelFilter, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    begin(level, Form::Plain, writer);
}

fn begin(
    level: LevelFilter,
    form: Form,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) {
    let filter = Targets::new().with_target("haltline", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_target(false)
        .with_ansi(false);
    let lines = match form {
        Form::Plain => lines.boxed(),
        Form::Journal => lines.event_format(Prefixed).boxed(),
        Form::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}

/// `stream` is what systemd says the journal's end of our stderr is: device and inode. Stderr may have been led elsewhere since.
fn form(asked: Option<&str>, stream: Option<&str>, stderr: Option<(u64, u64)>) -> Form {
    let of_journal = || {
        let (device, inode) = stream?.split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    };
    if asked == Some("json") {
        Form::Json
    } else if stderr.is_some() && of_journal() == stderr {
        Form::Journal
    } else {
        Form::Plain
    }
}

fn identity(stderr: impl AsFd) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstat(stderr).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

/// `<6>watching term=3 apps=2`: each line with its priority, as sd-daemon(3) has it.
struct Prefixed;

impl<S, N> FormatEvent<S, N> for Prefixed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        for line in text.lines() {
            writeln!(writer, "<{priority}>{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        let of = |asked, stream| form(asked, stream, Some((8, 4711)));
        assert_eq!(of(None, None), Form::Plain);
        assert_eq!(of(None, Some("8:4711")), Form::Journal);
        // Led into a file since, or not systemd's form.
        assert_eq!(of(None, Some("8:4712")), Form::Plain);
        assert_eq!(of(None, Some("8")), Form::Plain);
        assert_eq!(form(None, Some("x:y"), None), Form::Plain);
        assert_eq!(of(Some("json"), Some("8:4711")), Form::Json);
        assert_eq!(of(Some("text"), Some("8:4711")), Form::Journal);
    }

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_line_has_its_priority_and_no_time() {
        let page = Page::default();
        let writer = page.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(Prefixed);
        let log = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(log, || {
            tracing::info!(term = 3, "watching");
            tracing::warn!("taking over");
            tracing::error!("refused\n --> haltline.toml:3");
        });
        let written = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            "<6>watching term=3\n<4>taking over\n<3>refused\n<3> --> haltline.toml:3\n"
        );
    }
}
