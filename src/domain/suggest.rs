//! "Did you mean": the known word nearest to a mistyped one.

/// The nearest of `known`, where it is near enough to be what was meant: a third of its length, at least one edit.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A word this long was not mistyped; and the distance is quadratic.
    if typed.len() > 64 {
        return None;
    }
    let plain = |word: &str| word.to_lowercase().replace(['_', ' '], "-");
    known
        .into_iter()
        .map(|word| (distance(&plain(typed), &plain(word)), word))
        .filter(|(edits, word)| *edits <= (word.chars().count() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// What to say to somebody who typed what is not among `known`.
pub fn did_you_mean(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) => format!("did you mean \"{word}\"? Known: {}", known.join(", ")),
        None => format!("known: {}", known.join(", ")),
    }
}

/// Edits (insert, delete, replace, swap of neighbours) that make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let replace = at(&row, j) + usize::from(ca != *cb);
            let mut best = replace.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = j > 0 && last_a == Some(*cb) && b.get(j - 1) == Some(&ca);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        last_a = Some(ca);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_near_other_words_are_not() {
        let known = ["policy", "name", "baseline", "base_url", "stale_after"];
        assert_eq!(nearest("polcy", known), Some("policy"));
        assert_eq!(nearest("ploicy", known), Some("policy"));
        assert_eq!(nearest("base-url", known), Some("base_url"));
        assert_eq!(nearest("staleAfter", known), Some("stale_after"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
