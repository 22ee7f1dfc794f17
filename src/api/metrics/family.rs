//! One metric with all its series, as data, and how it is written.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Labels of one series: names are ours, values come from the config or are fixed words.
pub(super) type Labels = Vec<(&'static str, String)>;

/// A metric, and its series at one moment.
#[derive(Debug)]
pub(super) struct Family {
    /// Without the `_total` that counters get in writing.
    name: &'static str,
    /// Without a full stop, which is added in writing.
    help: &'static str,
    is_counter: bool,
    /// A series that came twice would make a Prometheus refuse all of them.
    rows: BTreeMap<Labels, f64>,
}

impl Family {
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            is_counter: false,
            rows: BTreeMap::new(),
        }
    }

    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            is_counter: true,
            ..Self::gauge(name, help)
        }
    }

    pub(super) fn row(mut self, labels: Labels, value: f64) -> Self {
        self.rows.insert(labels, value);
        self
    }

    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = (Labels, f64)>) -> Self {
        self.rows.extend(rows);
        self
    }

    fn write(&self, value: f64, to: &mut MetricEncoder<'_>) -> Result<(), fmt::Error> {
        if self.is_counter {
            to.encode_counter::<NoLabelSet, _, u64>(&value, None)
        } else {
            to.encode_gauge(&value)
        }
    }
}

/// Families as they were drawn for one answer: what is gone leaves no series behind.
#[derive(Debug)]
pub(super) struct Drawn(pub(super) Vec<Family>);

impl Collector for Drawn {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.0 {
            let kind = if family.is_counter {
                MetricType::Counter
            } else {
                MetricType::Gauge
            };
            let mut all = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            for (labels, value) in &family.rows {
                if labels.is_empty() {
                    family.write(*value, &mut all)?;
                } else {
                    family.write(*value, &mut all.encode_family(labels)?)?;
                }
            }
        }
        Ok(())
    }
}
