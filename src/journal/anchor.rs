//! The anchor: how far the journal has come, kept in a second file, so that a cut tail or an old copy is noticed.
//!
//! Two slots in two blocks, written in turn and synced: whatever a crash leaves of one, the other holds. Each is one line,
//! `haltline-anchor/v1 SEQ HASH CHECK`, where CHECK is the start of the SHA-256 of what is before it.
//!
//! Cannot notice that journal and anchor were put back together, from one backup or snapshot: for that, the head hash of
//! [`super::Verification`] has to be kept elsewhere.

use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

use super::chain::{Hash, Head};
use super::files;

const NAME: &str = "journal.anchor";
/// Far enough apart that no block of a disk holds both.
const SLOTS: [u64; 2] = [0, 4096];
const LINE: usize = 19 + 20 + 1 + 64 + 1 + 16 + 1;

#[derive(Clone, Debug)]
pub(super) struct Anchor {
    dir: PathBuf,
    path: PathBuf,
}

/// What the anchor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchored {
    /// There is no such file.
    Missing,
    /// Neither slot can be read.
    Unreadable,
    At(Head),
}

impl Anchor {
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join(NAME),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> io::Result<Anchored> {
        match files::private_options().read(true).open(&self.path) {
            Ok(file) => {
                let slots = read_slots(&file)?;
                let best = slots.into_iter().flatten().max_by_key(|head| head.seq);
                Ok(best.map_or(Anchored::Unreadable, Anchored::At))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Anchored::Missing),
            Err(error) => Err(error),
        }
    }

    /// Moves the anchor on, durably. Does nothing where it is there or further already.
    pub(super) fn advance(&self, head: Head) -> io::Result<()> {
        let file = files::private_options()
            .read(true)
            .write(true)
            .open(&self.path)?;
        let [first, second] = read_slots(&file)?.map(|slot| slot.map(|head| head.seq));
        if first.max(second) >= Some(head.seq) {
            return Ok(());
        }
        let [even, odd] = SLOTS;
        let older = if first <= second { even } else { odd };
        file.write_all_at(line(head).as_bytes(), older)?;
        file.sync_data()
    }

    /// Sets the anchor, back too: for a new journal, and on a person's word.
    pub(super) fn reset(&self, head: Head) -> io::Result<()> {
        let line = line(head);
        let mut content = vec![b'\n'; 4096];
        content.splice(..line.len(), line.bytes());
        content.extend(line.bytes());
        files::replace(&self.dir, NAME, &content)
    }
}

fn read_slots(file: &std::fs::File) -> io::Result<[Option<Head>; 2]> {
    let slot = |offset| -> io::Result<Option<Head>> {
        let mut raw = [0; LINE];
        match file.read_exact_at(&mut raw, offset) {
            Ok(()) => Ok(std::str::from_utf8(&raw).ok().and_then(parse)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    };
    let [even, odd] = SLOTS;
    Ok([slot(even)?, slot(odd)?])
}

fn line(head: Head) -> String {
    let text = format!("haltline-anchor/v1 {:020} {}", head.seq, hex(&head.hash));
    format!("{text} {}\n", check(&text))
}

fn parse(line: &str) -> Option<Head> {
    let (text, given) = line.strip_suffix('\n')?.rsplit_once(' ')?;
    let (seq, hash) = text.strip_prefix("haltline-anchor/v1 ")?.split_once(' ')?;
    (check(text) == given).then_some(())?;
    Some(Head {
        seq: seq.parse().ok()?,
        hash: unhex(hash)?,
    })
}

fn check(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .take(8)
        .copied()
        .map(hex_byte)
        .collect()
}

fn hex_byte(byte: u8) -> String {
    format!("{byte:02x}")
}

/// A hash as people and the audit see it.
pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().copied().map(hex_byte).collect()
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    for (i, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    (text.len() == 64).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64) -> Head {
        Head {
            seq,
            hash: [seq as u8; 32],
        }
    }

    fn flip(anchor: &Anchor, at: usize) {
        let mut raw = std::fs::read(anchor.path()).unwrap();
        raw[at] ^= 1;
        std::fs::write(anchor.path(), raw).unwrap();
    }

    #[test]
    fn one_torn_slot_costs_one_step_and_two_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let anchor = Anchor::in_dir(dir.path());
        assert_eq!(anchor.read().unwrap(), Anchored::Missing);
        anchor.reset(Head::START).unwrap();
        for seq in 1..=5 {
            anchor.advance(head(seq)).unwrap();
            assert_eq!(anchor.read().unwrap(), Anchored::At(head(seq)));
        }
        anchor.advance(head(3)).unwrap();
        assert_eq!(anchor.read().unwrap(), Anchored::At(head(5)), "never back");
        flip(&anchor, 40);
        let left = anchor.read().unwrap();
        assert!(left == Anchored::At(head(4)) || left == Anchored::At(head(5)));
        anchor.advance(head(6)).unwrap();
        assert_eq!(anchor.read().unwrap(), Anchored::At(head(6)));
        flip(&anchor, 40);
        flip(&anchor, 4096 + 90);
        assert_eq!(anchor.read().unwrap(), Anchored::Unreadable);
        anchor.reset(head(2)).unwrap();
        assert_eq!(
            anchor.read().unwrap(),
            Anchored::At(head(2)),
            "back on a person's word"
        );
    }

    #[test]
    fn no_flipped_bit_is_read_as_another_anchor() {
        let good = line(head(7));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut raw = good.clone().into_bytes();
                raw[at] ^= 1 << bit;
                let read = String::from_utf8(raw).ok().and_then(|text| parse(&text));
                assert!(
                    read.is_none() || read == Some(head(7)),
                    "byte {at}, bit {bit}"
                );
            }
        }
        assert_eq!(good.len(), LINE);
        assert_eq!(parse(&good), Some(head(7)));
    }
}
