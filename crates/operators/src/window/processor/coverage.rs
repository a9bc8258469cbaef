//! How much of a window's events has to be in time for an aggregate to be near enough: the
//! reckoning behind `reorder:akslack`.

/// Mean and variance of what was seen.
fn mean_and_variance(data: &[f64]) -> (f64, f64) {
    let count = data.len() as f64;
    let mean = data.iter().sum::<f64>() / count;
    let squares: f64 = data.iter().map(|it| (mean - it) * (mean - it)).sum();
    (mean, squares / count)
}

/// The share of events to wait for, so that an aggregate of the data is within `error` of the
/// truth, with the confidence that `critical` stands for.
pub(super) fn threshold(error: f64, critical: f64, data: &[f64]) -> f64 {
    let (mean, variance) = mean_and_variance(data);
    let spread = (mean * mean + variance * variance) / (data.len() as f64 * (mean * mean));
    let root = libm::sqrt(spread);
    let weight = critical * critical * (root * root);
    let a = 1.0 + weight;
    let below = lower_root(a, (2.0 * error) - 2.0 - weight, (1.0 - error) * (1.0 - error));
    let above = lower_root(a, -(2.0 + (2.0 * error) + weight), (1.0 + error) * (1.0 + error));
    match (below, above) {
        (Some(below), Some(above)) => below.min(above),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => 0.0,
    }
}

/// The lesser root of a quadratic, if it has any.
fn lower_root(a: f64, b: f64, c: f64) -> Option<f64> {
    let square = b * b - (4.0 * a * c);
    // What is no number counts as a root at 0, as in the original.
    if square.is_nan() {
        return Some(0.0);
    }
    (square >= 0.0).then(|| {
        let root = libm::sqrt(square);
        ((-b - root) / (2.0 * a)).min((-b + root) / (2.0 * a))
    })
}

/// The share of the window's events that were in time.
pub(super) fn runtime(now: i64, times: &mut Vec<i64>, wait: i64, window: i64) -> f64 {
    let high = now.wrapping_sub(wait);
    let low = high.wrapping_sub(window);
    let (mut low_met, mut high_met) = (false, false);
    let (mut covered, mut all) = (0_u64, 0_u64);
    for time in times.iter().copied() {
        low_met |= low <= time;
        high_met |= high <= time;
        if low_met && low <= time && high >= time {
            covered += u64::from(!high_met);
            all += 1;
        }
    }
    times.retain(|time| *time > low);
    if all == 0 { 1.0 } else { covered as f64 / all as f64 }
}

/// How many standard deviations around the mean hold this share of a normal distribution.
pub(super) fn critical_value(confidence: f64) -> f64 {
    let tail = (1.0 - confidence) / 2.0;
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if libm::erfc(middle / std::f64::consts::SQRT_2) / 2.0 > tail.min(1.0 - tail) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_confidence_has_its_usual_value() {
        assert!((critical_value(0.95) - 1.959_963_984_540_054).abs() < 1e-9);
    }
}
