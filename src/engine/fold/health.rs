//! What health does to the state of an app.

use super::super::state::{AppState, Breach, Fired, LostSource};
use crate::domain::{Event, Health, Timestamp};

impl AppState {
    pub(super) fn apply_health(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::EvidenceRestarted { from, resumes } => {
                (self.evidence_from, self.resumes) = (Some(*from), *resumes);
                self.breaches.clear();
                self.fired.clear();
                self.announced = None;
                self.withheld = None;
                self.needs_person = None;
                self.acknowledged_by = None;
                self.latched = false;
            }
            Event::SourceLost { source, why } => {
                let lost = LostSource {
                    why: why.clone(),
                    since: at,
                    paged: false,
                };
                self.lost_sources.insert(source.clone(), lost);
            }
            Event::SourcePaged { source, .. } => {
                if let Some(lost) = self.lost_sources.get_mut(source) {
                    lost.paged = true;
                }
            }
            Event::SourcesDisagree {
                metric,
                first,
                second,
                ..
            } => {
                let key = (metric.clone(), second.clone());
                self.disagreements.insert(key, first.clone());
            }
            Event::SourcesAgree { metric, second } => {
                self.disagreements.remove(&(metric.clone(), second.clone()));
            }
            Event::DarkLaunch { sentence } => self.dark = Some(sentence.clone()),
            Event::DarkLaunchOver => self.dark = None,
            Event::SourceBack { source } => {
                self.lost_sources.remove(source);
            }
            Event::VerdictChanged { to, sentence, .. } => {
                (self.health, self.sentence) = (*to, sentence.clone());
                self.healthy_since = (*to == Health::Healthy).then_some(at);
            }
            Event::RuleBreached {
                rule,
                polls,
                through,
                ..
            } => {
                self.breaches.insert(
                    rule.clone(),
                    Breach {
                        polls: *polls,
                        through: *through,
                    },
                );
            }
            Event::RuleCleared { rule } => {
                // Of a rule that has fired, and is not on its way to do more, this is said only where it was changed: it is another
                // rule now.
                let counted = self.breaches.remove(rule);
                if counted.is_none() {
                    self.fired.remove(rule);
                }
            }
            Event::RuleFired { rule, verb, .. } => {
                self.breaches.remove(rule);
                let fired = Fired { at, verb: *verb };
                self.fired.insert(rule.clone(), fired);
            }
            _ => {}
        }
    }
}
