//! Horizontal bars and sparklines of one row.

use crate::tui::style::symbols::{EIGHTHS, HEIGHTS};

/// A bar of `columns`, filled by `share` (0..=1, anything else is clamped), to an eighth of a column.
pub(crate) fn bar(share: f64, columns: usize) -> String {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    let mut eighths = (share * columns as f64 * 8.0).round() as usize;
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    (0..columns)
        .map(|_| {
            let here = eighths.min(8);
            eighths -= here;
            EIGHTHS.get(here).copied().unwrap_or(" ")
        })
        .collect()
}

/// The last `columns` values as heights, the greatest of them being full height; `·` where there is none.
pub(crate) fn sparkline(values: &[Option<f64>], columns: usize) -> String {
    let shown = values
        .get(values.len().saturating_sub(columns)..)
        .unwrap_or_default();
    let finite = |value: &Option<f64>| value.filter(|x| x.is_finite());
    let top = shown.iter().filter_map(finite).fold(0.0, f64::max);
    shown
        .iter()
        .map(|value| match finite(value) {
            None => "·",
            Some(x) if top <= 0.0 || x <= 0.0 => "▁",
            Some(x) => {
                let height = (x / top * 7.0).round() as usize;
                HEIGHTS.get(height).copied().unwrap_or("█")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_exact_and_never_hide_a_little() {
        assert_eq!(bar(0.0, 4), "    ");
        assert_eq!(bar(0.0001, 4), "▏   ");
        assert_eq!(bar(0.5, 4), "██  ");
        assert_eq!(bar(7.0, 4), "████");
        assert_eq!(bar(f64::NAN, 2), "  ");
    }

    #[test]
    fn sparklines_show_gaps_as_gaps() {
        let values = [Some(1.0), None, Some(0.0), Some(2.0), Some(f64::NAN)];
        assert_eq!(sparkline(&values, 4), "·▁█·");
        assert_eq!(sparkline(&values, 9).chars().count(), 5);
        assert_eq!(sparkline(&[], 9), "");
    }
}
