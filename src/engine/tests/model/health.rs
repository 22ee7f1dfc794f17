//! What the source tells.

use super::*;

impl Model {
    /// One more window of sessions, and a poll that reads it.
    pub(in crate::engine::tests) fn poll(&mut self, bad: bool, fresh: bool) {
        self.now += TimeDelta::minutes(5);
        let (trials, failures) = (400, if bad { 24 } else { 0 });
        self.windows.push(Paired {
            start: self.now - TimeDelta::minutes(5),
            seconds: 300,
            stratum: String::new(),
            new: Counts { trials, failures },
            old: Counts {
                trials: 20_000,
                failures: 10,
            },
        });
        self.witness.fresh = fresh;
        let observation = self.observation(&app_id(0), fresh);
        self.feed(&Input::Observed {
            app: app_id(0),
            observation: Box::new(observation),
        });
    }

    pub(in crate::engine::tests) fn observation(&self, id: &AppId, fresh: bool) -> Observation {
        let app = self.state.app(id).cloned().unwrap_or_default();
        let source = SourceId("sentry".into());
        let read_through = if fresh {
            self.now
        } else {
            self.now - TimeDelta::hours(3)
        };
        let terms = Terms {
            from: app.evidence_from,
            independent: true,
            ..Terms::of(Baseline::Read)
        };
        let series = MetricSeries {
            metric: Metric::CrashFreeSessions,
            source: source.clone(),
            windows: self.windows.clone(),
        };
        let app_plan = self.plan.apps.get(id).expect("the app is in the plan");
        let policy = &app_plan.policy;
        Observation {
            at: self.now,
            store: app_plan.store,
            exposure: Some(self.store.exposure),
            exposed_since: app.exposed_since,
            dark: app.dark.clone(),
            new_name: "2.0 (42)".into(),
            old_name: Some("1.9 (41)".into()),
            resumes: app.resumes,
            ledger: Arc::new(Ledger::of(policy, terms, [series])),
            sources: vec![SourceState {
                id: source,
                required: true,
                read_through: Some(read_through),
                state: if fresh {
                    DataState::Fresh
                } else {
                    DataState::Stale
                },
                why: (!fresh).then(|| "its data are old".into()),
                stale_after: 1_800,
                reach: crate::domain::Reach::Halt,
            }],
            issues: Vec::new(),
            shares: Vec::new(),
            out_since: None,
            beside: crate::policy::Beside::default(),
            next_train: NextTrain::Unsaid,
        }
    }
}
