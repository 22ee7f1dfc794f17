//! Lines of a reader one at a time, of bounded length: no file can take all memory with one line.

use std::io::{self, BufRead};

use super::problem::Problem;

/// Longest line that is read, in bytes; a window takes some two hundred.
pub(super) const LONGEST: usize = 1 << 16;

pub(super) struct Lines<R> {
    input: R,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// Of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank, with its number; without byte order mark, line break and surrounding blanks.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Result<&str, Problem>)>> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let (mut whole, mut any) = (false, false);
            let mut fits = true;
            while !whole {
                let chunk = self.input.fill_buf()?;
                if chunk.is_empty() {
                    break;
                }
                any = true;
                let line = chunk.split(|byte| *byte == b'\n').next().unwrap_or(chunk);
                whole = line.len() < chunk.len();
                fits &= self.buffer.len() + line.len() <= LONGEST;
                if fits {
                    self.buffer.extend_from_slice(line);
                }
                let used = line.len() + usize::from(whole);
                self.input.consume(used);
            }
            if !any {
                return Ok(None);
            }
            if !fits {
                return Ok(Some((self.number, Err(Problem::TooLong))));
            }
            let blank = |byte: &u8| byte.is_ascii_whitespace();
            if !self.buffer.iter().all(blank) {
                break;
            }
        }
        let text = str::from_utf8(&self.buffer).map_err(|_ignored| Problem::NotUtf8);
        Ok(Some((
            self.number,
            text.map(|text| text.trim_start_matches('\u{feff}').trim()),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_blank_ones_too_and_never_fill_memory() {
        let long = "x".repeat(LONGEST + 1);
        let text = format!("\u{feff}one\r\n\n \n{long}\ntwo\n\u{ff}");
        let mut bytes = text.into_bytes();
        bytes.pop();
        // A small buffer makes lines come in pieces.
        let mut lines = Lines::new(io::BufReader::with_capacity(7, bytes.as_slice()));
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            seen.push((number, line.map(str::to_owned)));
        }
        let expected = [
            (1, Ok("one".to_owned())),
            (4, Err(Problem::TooLong)),
            (5, Ok("two".to_owned())),
            (6, Err(Problem::NotUtf8)),
        ];
        assert_eq!(seen, expected);
    }
}
