//! The functions that count: growth over a range, and quantiles of histograms.

/// `increase` and `rate`: the growth between the first and the last sample of a range, resets of the counter added, and carried
/// on to the ends of the range as Prometheus does: where a sample is near the end, up to it; else by half the mean distance
/// of the samples, and at its beginning never below where the counter would have been zero.
pub(super) fn growth(samples: &[(i64, f64)], at: i64, range: i64, a_second: bool) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    if samples.len() < 2 {
        return None;
    }
    let resets = samples.windows(2).map(|pair| match pair {
        [(_, before), (_, after)] if after < before => *before,
        _ => 0.0,
    });
    let grown = last.1 - first.1 + resets.sum::<f64>();
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let sampled = seconds(last.0 - first.0);
    let mean = sampled / (samples.len() - 1) as f64;
    let mut to_start = seconds(first.0 - (at - range));
    let to_end = seconds(at - last.0);
    if grown > 0.0 && first.1 >= 0.0 {
        to_start = to_start.min(sampled * (first.1 / grown));
    }
    let near = mean * 1.1;
    let carried = |distance: f64| {
        if distance < near {
            distance
        } else {
            mean / 2.0
        }
    };
    let whole = sampled + carried(to_start) + carried(to_end);
    let mut factor = whole / sampled;
    if a_second {
        factor /= seconds(range);
    }
    Some(grown * factor)
}

/// The quantile of a histogram's buckets (upper bound and cumulative count), linear within a bucket.
pub(super) fn quantile(share: f64, mut buckets: Vec<(f64, f64)>) -> f64 {
    if share < 0.0 {
        return f64::NEG_INFINITY;
    }
    if share > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut highest = 0.0_f64;
    for (_, count) in &mut buckets {
        highest = highest.max(*count);
        *count = highest;
    }
    let ends_well = buckets.last().is_some_and(|(bound, _)| bound.is_infinite());
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    if !ends_well || buckets.len() < 2 || all == 0.0 || share.is_nan() {
        return f64::NAN;
    }
    let rank = share * all;
    let found = buckets.iter().position(|(_, count)| *count >= rank);
    let found = found.unwrap_or(buckets.len() - 1);
    let bucket = |n: usize| buckets.get(n).copied().unwrap_or_default();
    if found == buckets.len() - 1 {
        return bucket(found - 1).0;
    }
    let (end, upto) = bucket(found);
    if found == 0 && end <= 0.0 {
        return end;
    }
    let (start, before) = if found == 0 {
        (0.0, 0.0)
    } else {
        bucket(found - 1)
    };
    start + (end - start) * ((rank - before) / (upto - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_carried_on_to_the_ends_of_the_range() {
        // As Prometheus 2.42 answered for these samples.
        let samples: Vec<(i64, f64)> = (0..7)
            .map(|n| (n * 60_000, 100.0 + 60.0 * n as f64))
            .collect();
        let upto = |at: i64| -> Vec<(i64, f64)> {
            let within = |(time, _): &&(i64, f64)| (at - 300_000..=at).contains(time);
            samples.iter().filter(within).copied().collect()
        };
        for (at, wanted) in [
            (100, 130.0),
            (200, 229.999_999_999_999_97),
            (300, 300.0),
            (400, 300.0),
        ] {
            let at = at * 1000;
            let grown = growth(&upto(at), at, 300_000, false).unwrap();
            assert!((grown - wanted).abs() < 1e-9, "{grown} at {at}");
        }
        assert_eq!(growth(&samples[..1], 0, 300_000, false), None);
        let reset = [(0, 10.0), (60_000, 4.0)];
        let grown = growth(&reset, 60_000, 60_000, false).unwrap();
        assert!((grown - 4.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_within_a_bucket() {
        let inf = f64::INFINITY;
        let buckets = vec![(1.0, 10.0), (2.0, 20.0), (5.0, 20.0), (inf, 20.0)];
        assert!((quantile(0.75, buckets.clone()) - 1.5).abs() < 1e-9);
        assert!((quantile(0.25, buckets) - 0.5).abs() < 1e-9);
        assert!((quantile(0.99, vec![(2.0, 0.0), (inf, 5.0)]) - 2.0).abs() < 1e-9);
        assert!(quantile(0.5, vec![(2.0, 1.0)]).is_nan());
    }
}
