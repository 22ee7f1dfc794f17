//! How much the machine may do alone.

/// Limits on automatic acts that lower exposure; above them a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// An app a day.
    pub per_app_day: u32,
    /// Over all apps an hour.
    pub per_hour: u32,
    /// Raises through gates an app a day, gate pauses on the App Store and their resumes with them. They use up no act that lowers.
    pub gates_per_app_day: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            per_app_day: 4,
            per_hour: 10,
            gates_per_app_day: 12,
        }
    }
}
