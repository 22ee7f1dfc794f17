use super::*;

fn stretches(values: &[Option<f64>]) -> Vec<Stretch> {
    let at = |(i, y): (usize, &Option<f64>)| {
        Some(Stretch {
            from: i as f64,
            to: i as f64 + 1.0,
            y: (*y)?,
        })
    };
    values.iter().enumerate().filter_map(at).collect()
}

fn plot(new: &[Option<f64>], old: &[Option<f64>], ascii: bool) -> Plot {
    let curve = |values, pattern| Curve {
        stretches: stretches(values),
        pattern,
        style: Style::new(),
    };
    Plot {
        x: 0.0..10.0,
        y: 0.0..4.0,
        curves: vec![curve(new, Pattern::Solid), curve(old, Pattern::Dotted)],
        limits: Vec::new(),
        marks: Vec::new(),
        x_ticks: vec![(0.0, "0".into()), (5.0, "5h".into())],
        y_ticks: vec![(4.0, "4%".into()), (0.0, "0%".into())],
        quiet: Style::new(),
        ascii,
    }
}

/// Thirteen columns, ten of them field.
fn drawn(plot: &Plot, high: u16) -> Vec<String> {
    let area = Rect::new(0, 0, 13, high);
    let mut buf = Buffer::empty(area);
    plot.draw(area, &mut buf);
    let rows = buf.content.chunks(13);
    rows.map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned()
    })
    .collect()
}

#[test]
fn a_gap_is_a_gap() {
    let mut new = vec![Some(1.5); 10];
    new[4] = None;
    new[5] = None;
    let rows = drawn(&plot(&new, &[], true), 5);
    assert_eq!(rows, ["4%", "", "   ****  ****", "0%", "   0    5h"]);
    let rows = drawn(&plot(&new, &[], false), 5);
    assert_eq!(rows, ["4%", "", "   ⠤⠤⠤⠤  ⠤⠤⠤⠤", "0%", "   0    5h"]);
}

#[test]
fn one_point_is_as_long_as_its_stretch_and_none_is_nothing() {
    let mut one = vec![None; 10];
    one[3] = Some(3.5);
    let rows = drawn(&plot(&one, &[], true), 5);
    assert_eq!(rows, ["4%    *", "", "", "0%", "   0    5h"]);
    let rows = drawn(&plot(&one, &[], false), 5);
    assert_eq!(rows[0], "4%    ⠤");
    let rows = drawn(&plot(&[], &[], true), 5);
    assert_eq!(rows, ["4%", "", "", "0%", "   0    5h"]);
}

#[test]
fn two_lines_differ_by_pattern_and_where_they_meet_it_shows() {
    let (new, old) = (vec![Some(3.5); 10], vec![Some(1.5); 10]);
    let rows = drawn(&plot(&new, &old, true), 5);
    assert_eq!(rows[0], "4% **********");
    assert_eq!(rows[2], "   oooooooooo");
    let rows = drawn(&plot(&new, &new, true), 5);
    assert_eq!(rows[0], "4% @@@@@@@@@@");
    let rows = drawn(&plot(&new, &old, false), 5);
    assert_eq!(rows[0], "4% ⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤");
    assert_eq!(rows[2].replace(' ', ""), "⠄⠠⠄⠠⠄⠠");
}

#[test]
fn a_line_climbs_and_what_is_beyond_the_scale_is_not_drawn() {
    let climbs: Vec<_> = (0..10).map(|i| Some(f64::from(i) * 0.4)).collect();
    let rows = drawn(&plot(&climbs, &[], true), 5);
    let expected = [
        "4%         **",
        "         **",
        "      ***",
        "0% ***",
        "   0    5h",
    ];
    assert_eq!(rows, expected);
    let beyond = vec![Some(9.0); 10];
    assert_eq!(drawn(&plot(&beyond, &[], true), 5)[0], "4%");
}

#[test]
fn limits_are_named_where_there_is_room_and_marks_stand_on_the_axis() {
    let mut plot = plot(&[Some(3.5), Some(3.5)], &[], true);
    plot.limits.push(Limit {
        y: 1.5,
        name: "floor".into(),
        value: "1.5%".into(),
        style: Style::new(),
    });
    plot.marks = vec![(0.0, "1%".into()), (1.0, "5%".into()), (7.0, "halt".into())];
    let area = Rect::new(0, 0, 16, 6);
    let mut buf = Buffer::empty(area);
    plot.draw(area, &mut buf);
    let expected = Buffer::with_lines([
        "  4% **     │   ",
        "     ││     │   ",
        "1.5% ─── floor ─",
        "  0% ││     │   ",
        "     0    5h    ",
        "     1%     halt",
    ]);
    assert_eq!(buf, expected);
}

#[test]
fn no_size_panics() {
    let values: Vec<_> = (0..10).map(|i| (i != 4).then_some(f64::from(i))).collect();
    for ascii in [true, false] {
        for (wide, high) in (0..20).flat_map(|wide| (0..8).map(move |high| (wide, high))) {
            let area = Rect::new(0, 0, wide, high);
            plot(&values, &values, ascii).draw(area, &mut Buffer::empty(area));
        }
    }
}
