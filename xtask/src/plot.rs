//! A plot of cost against size as SVG, both relative to the smallest size.

use std::fmt::Write;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 44.0;

/// Draws instructions an event against the size of the state, with the line they may not cross.
pub(crate) fn plot(title: &str, unit: &str, points: &[(f64, f64)], allowed: f64) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let highest = points.iter().map(|point| point.1).fold(first.1 * allowed, f64::max) * 1.1;
    let x = |size: f64| {
        let share = (size / first.0).log10() / (last.0 / first.0).log10().max(f64::MIN_POSITIVE);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    };
    let y = |cost: f64| HEIGHT - BOTTOM - cost / highest * (HEIGHT - TOP - BOTTOM);
    let mut lines = vec![format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">"
    )];
    let base = HEIGHT - BOTTOM;
    let end = WIDTH - RIGHT;
    lines.push("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>".into());
    lines.push(format!("<text x=\"{LEFT}\" y=\"20\">{title}: instructions an event</text>"));
    lines.push(format!("<path d=\"M{LEFT} {TOP}V{base}H{end}\" fill=\"none\" stroke=\"#444\"/>"));
    let limit = y(first.1 * allowed);
    lines.push(format!(
        "<path d=\"M{LEFT} {limit:.1}H{end}\" stroke=\"#c33\" stroke-dasharray=\"5 4\"/>\
         <text x=\"{end}\" y=\"{:.1}\" fill=\"#c33\" text-anchor=\"end\">{allowed:.2} times the \
         smallest</text>",
        limit - 5.0
    ));
    let mut path = String::new();
    for (at, (size, cost)) in points.iter().enumerate() {
        let (px, py) = (x(*size), y(*cost));
        let step = if at == 0 { 'M' } else { 'L' };
        // Writing to a `String` cannot fail.
        let written = write!(path, "{step}{px:.1} {py:.1}");
        debug_assert!(written.is_ok());
        lines.push(format!(
            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.5\" fill=\"#147\"/>\
             <text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{cost:.0}</text>\
             <text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{size}</text>",
            py + 18.0,
            base + 16.0
        ));
    }
    lines.push(format!("<path d=\"{path}\" fill=\"none\" stroke=\"#147\" stroke-width=\"2\"/>"));
    let middle = (LEFT + end) / 2.0;
    let below = HEIGHT - 8.0;
    lines.push(format!("<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{unit}</text>"));
    lines.push("</svg>\n".into());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_with_its_size_and_cost() {
        let drawn = plot("a window", "events held", &[(10.0, 100.0), (1000.0, 120.0)], 1.3);
        assert_eq!(drawn.matches("<circle").count(), 2);
        assert!(drawn.contains(">1000<") && drawn.contains(">120<"));
    }
}
