//! Figures, and the table that they are printed in. Nothing here fails on time: whoever reads the table judges.

use std::io::Write as _;

/// Rows of figures, each the sorted samples of one quantity.
pub(crate) struct Figures {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    unit: &'static str,
    samples: Vec<f64>,
    aim: Option<f64>,
}

impl Figures {
    pub(crate) fn new(title: &'static str) -> Self {
        Self {
            title,
            rows: Vec::new(),
        }
    }

    /// Adds one quantity; `aim` is what its median shall not exceed.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        mut samples: Vec<f64>,
        aim: Option<f64>,
    ) {
        samples.sort_by(f64::total_cmp);
        self.rows.push(Row {
            name: name.into(),
            unit,
            samples,
            aim,
        });
    }

    /// The table, on stdout.
    pub(crate) fn print(&self) {
        let mut lines = vec![format!(
            "\n{:<66} {:>9} {:>9} {:>9}  {:<3} {:>4}",
            self.title, "median", "min", "max", "", "n"
        )];
        for row in &self.rows {
            let at = |share: f64| {
                let last = row.samples.len().saturating_sub(1);
                let place = (last as f64 * share).round() as usize;
                row.samples.get(place).copied().unwrap_or(f64::NAN)
            };
            let aim = row.aim.map_or_else(String::new, |aim| {
                format!("  aim {aim}: {:.2} of it", at(0.5) / aim)
            });
            lines.push(format!(
                "  {:<64} {:>9.3} {:>9.3} {:>9.3}  {:<3} {:>4}{aim}",
                row.name,
                at(0.5),
                at(0.0),
                at(1.0),
                row.unit,
                row.samples.len(),
            ));
        }
        let text = lines.join("\n") + "\n";
        std::io::stdout().lock().write_all(text.as_bytes()).ok();
    }
}
