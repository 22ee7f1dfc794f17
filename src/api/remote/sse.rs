//! Server-sent events, read as they come: from bytes cut anywhere to events. Only what the format has is known here.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>

/// The longest line and the longest event, in bytes: far above a picture of a thousand apps.
pub const LONGEST: usize = 16 << 20;

/// One event. What it has no name for is a `message`; here every one is expected to have its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub event: String,
    pub data: String,
}

/// Why no more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    #[error("an event of more than {LONGEST} bytes")]
    TooLong,
    #[error("an event that is not UTF-8")]
    NotText,
}

/// What has come so far of a line and of an event.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    next: Sent,
    /// The event has a line of data, be it an empty one.
    has_data: bool,
    /// The last byte was a carriage return: a line feed after it is the same end of line.
    returned: bool,
    begun: bool,
}

impl Reader {
    /// Takes in what came, and puts the events that are whole now into `sent`.
    ///
    /// # Errors
    /// What is too long or no text; nothing after it can be believed.
    pub fn read(&mut self, mut bytes: &[u8], sent: &mut Vec<Sent>) -> Result<(), Garbled> {
        while let Some((&first, after)) = bytes.split_first() {
            if std::mem::take(&mut self.returned) && first == b'\n' {
                bytes = after;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + part.len() > LONGEST {
                return Err(Garbled::TooLong);
            }
            self.line.extend_from_slice(part);
            let Some((end, rest)) = rest.split_first() else {
                return Ok(());
            };
            self.returned = *end == b'\r';
            bytes = rest;
            let line = std::mem::take(&mut self.line);
            self.line(&line, sent)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], sent: &mut Vec<Sent>) -> Result<(), Garbled> {
        let line = std::str::from_utf8(line).map_err(|_bytes| Garbled::NotText)?;
        let first = !std::mem::replace(&mut self.begun, true);
        let line = match line.strip_prefix('\u{feff}') {
            Some(rest) if first => rest,
            _ => line,
        };
        if line.is_empty() {
            let next = std::mem::take(&mut self.next);
            if std::mem::take(&mut self.has_data) {
                sent.push(next);
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.next.event),
            "data" => {
                if self.next.data.len() + value.len() >= LONGEST {
                    return Err(Garbled::TooLong);
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.next.data.push('\n');
                }
                self.next.data.push_str(value);
            }
            // Comments, numbers, and what a later haltline may add.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_in(parts: &[&[u8]]) -> Result<Vec<Sent>, Garbled> {
        let (mut reader, mut sent) = (Reader::default(), Vec::new());
        for part in parts {
            reader.read(part, &mut sent)?;
        }
        Ok(sent)
    }

    fn of(event: &str, data: &str) -> Sent {
        Sent {
            event: event.into(),
            data: data.into(),
        }
    }

    const STREAM: &str = "\u{feff}: still here\r\nevent: picture\r\ndata: {\"a\":\"ü\"}\r\n\r\n\
        id: 7\nevent:change\ndata:one\ndata: two\nretry: 5\nwhat\n\n\
        event: nothing\n\ndata\rdata\r\rdata:  kept\n\nevent: cut\ndata: of";

    #[test]
    fn it_is_read_alike_wherever_it_is_cut() {
        let bytes = STREAM.as_bytes();
        let whole = [
            of("picture", "{\"a\":\"ü\"}"),
            of("change", "one\ntwo"),
            of("", "\n"),
            of("", " kept"),
        ];
        assert_eq!(read_in(&[bytes]).unwrap(), whole);
        for cut in 0..=bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(read_in(&[a, b]).unwrap(), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read_in(&single).unwrap(), whole);
    }

    #[test]
    fn what_never_ends_and_what_is_no_text_is_refused() {
        let chunk = vec![b'x'; 1 << 20];
        let mut reader = Reader::default();
        let read = (0..20).try_for_each(|_| reader.read(&chunk, &mut Vec::new()));
        assert_eq!(read, Err(Garbled::TooLong));

        // Many lines of one event that never ends.
        let line = format!("data: {}\n", "x".repeat(1 << 20));
        let mut reader = Reader::default();
        let read = (0..20).try_for_each(|_| reader.read(line.as_bytes(), &mut Vec::new()));
        assert_eq!(read, Err(Garbled::TooLong));
        assert_eq!(read_in(&[b"data: \xff\xfe\n\n"]), Err(Garbled::NotText));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall_over(
            parts in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), any::<u8>()], 0..40), 0..12)
        ) {
            let (mut reader, mut sent) = (Reader::default(), Vec::new());
            let one_by_one = parts.iter().try_for_each(|part| reader.read(part, &mut sent)).map(|()| sent);
            let joined = parts.concat();
            let (mut reader, mut sent) = (Reader::default(), Vec::new());
            let at_once = reader.read(&joined, &mut sent).map(|()| sent);
            prop_assert_eq!(one_by_one, at_once);
        }
    }
}
