//! The heights of a chart: what of them is shown, and how they are written.

use std::ops::Range;

use super::super::super::widgets::plot::Tick;

/// The heights that are shown, in percent.
pub(super) struct Scale {
    pub(super) range: Range<f64>,
    step: f64,
}

impl Scale {
    /// One that holds all but the hundredth of the trials that is furthest out (a first hour with few sessions would flatten all
    /// others), and the limits that are not far from it; and how many points are beyond.
    pub(super) fn of(
        lines: &[Vec<(f64, u64)>],
        limits: &[f64],
        rows: u16,
    ) -> Option<(Self, usize)> {
        let mut values: Vec<(f64, u64)> = Vec::new();
        for line in lines {
            let all: u64 = line.iter().map(|it| it.1).sum();
            let mut line = line.clone();
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut below = 0;
            line.retain(|(_, trials)| {
                let before = below;
                below += trials;
                below * 100 >= all && before * 100 <= all * 99
            });
            values.extend(line);
        }
        let low = values.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        let high = values
            .iter()
            .map(|it| it.0)
            .fold(f64::NEG_INFINITY, f64::max);
        if !low.is_finite() || !high.is_finite() {
            return None;
        }
        let near = ((high - low) * 2.0).max(0.05);
        let limits = limits.iter().copied();
        let limits = limits.filter(|at| (low - near..=high + near).contains(at));
        let (low, high) = limits.fold((low, high), |(low, high), at| (low.min(at), high.max(at)));
        // A flat line is not looked at under a magnifying glass.
        let lack = (0.02 - (high - low)).max(0.0) / 2.0;
        let (low, high) = ((low - lack).max(0.0), (high + lack).min(100.0));
        let step = nice_share((high - low) / f64::from((rows / 3).clamp(2, 6)));
        // A little room above and below, so that no line runs along an edge.
        let (fine, room) = (step / 10.0, (high - low).max(step) * 0.06);
        let start = (((low - room) / fine).floor() * fine).max(0.0);
        let end = (((high + room) / fine).ceil() * fine).min(100.0);
        let scale = Self {
            range: start..end,
            step,
        };
        let beyond = lines
            .iter()
            .flatten()
            .filter(|it| it.0 < scale.range.start || it.0 > scale.range.end)
            .count();
        Some((scale, beyond))
    }

    /// In percent, as exact as the scale; `more` decimals than it takes.
    pub(super) fn write(&self, percent: f64, more: usize) -> String {
        let decimals = match self.step {
            1.0.. => 0,
            0.1.. => 1,
            0.01.. => 2,
            _ => 3,
        };
        let exact = (percent * 100.0).round() / 100.0;
        let needed = if (percent - exact).abs() < 1e-9 { 2 } else { 3 };
        let decimals = if more > 0 {
            decimals.max(needed.min(decimals + 2))
        } else {
            decimals
        };
        format!("{percent:.decimals$}%")
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let first = (self.range.start / self.step - 1e-6).ceil();
        (0..50_u32)
            .map(|i| (first + f64::from(i)) * self.step)
            .take_while(|at| *at <= self.range.end + self.step * 1e-6)
            .map(|at| (at.min(self.range.end), self.write(at, 0)))
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not less than `least`.
fn nice_share(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= least * 0.999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[(f64, u64)], limits: &[f64], rows: u16) -> (Range<f64>, usize, Vec<String>) {
        let (scale, beyond) = Scale::of(&[line.to_vec()], limits, rows).unwrap();
        let ticks = scale.ticks().into_iter().map(|tick| tick.1).collect();
        (scale.range, beyond, ticks)
    }

    #[test]
    fn few_sessions_do_not_flatten_the_others() {
        let mut line = vec![(99.9, 10_000); 20];
        line.push((80.0, 100));
        line[3].0 = 99.5;
        let (range, beyond, ticks) = of(&line, &[], 9);
        assert!(range.start > 99.0 && range.start < 99.5, "{range:?}");
        assert!(range.end > 99.9 && range.end <= 100.0, "{range:?}");
        assert_eq!((beyond, ticks), (1, vec!["99.6%".into(), "99.8%".into()]));
    }

    #[test]
    fn a_limit_that_is_near_is_in_and_one_that_is_far_is_not() {
        let line = [(99.95, 100), (99.9, 100)];
        let (near, ..) = of(&line, &[99.85], 9);
        assert!(near.contains(&99.85));
        let (far, ..) = of(&line, &[97.0], 9);
        assert!(!far.contains(&97.0));
    }

    #[test]
    fn a_flat_line_and_none_have_a_scale_or_none() {
        let (flat, beyond, ticks) = of(&[(100.0, 5)], &[], 6);
        assert!(flat.end <= 100.0 && flat.start < 100.0 && beyond == 0);
        assert!(!ticks.is_empty());
        assert!(Scale::of(&[Vec::new()], &[99.0], 6).is_none());
    }
}
