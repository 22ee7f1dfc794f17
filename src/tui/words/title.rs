//! The title of the window: what is worst, for whoever looks at another window.

use super::format::{fit, share};
use super::headline::Headline;
use crate::api::AppSnapshot;
use crate::domain::Metric;
use crate::tui::state::model::Model;
use crate::tui::style::symbols;
use crate::tui::style::theme::Theme;

/// More is cut by most terminals anyway.
const COLUMNS: usize = 60;

/// `✗ shop-android 99.12% – haltline`. Of the newest picture, whatever moment is shown.
pub(crate) fn of(model: &Model, theme: Theme) -> String {
    let watched = model.is_watched();
    let headline = |app: &&AppSnapshot| Headline::of(app, watched);
    // Of several that are as bad the first in the config.
    let worst = model.latest.apps.iter().rev().max_by_key(headline);
    let title = match worst {
        None => "haltline".to_owned(),
        Some(app) => {
            let glyph = headline(&app).glyph();
            let crash_free = crash_free(app).map_or_else(String::new, |it| format!(" {it}"));
            format!("{glyph} {}{crash_free} – haltline", app.id)
        }
    };
    let title = fit(&title, COLUMNS);
    if theme.ascii() {
        symbols::text_to_ascii(&title)
    } else {
        title
    }
}

/// Of users or of sessions: the one that looks worse.
fn crash_free(app: &AppSnapshot) -> Option<String> {
    let counted = app.metrics.iter().filter(|it| {
        let crash_free = matches!(
            it.metric,
            Metric::CrashFreeUsers | Metric::CrashFreeSessions
        );
        crash_free && it.new.trials > 0
    });
    let worst = counted.max_by_key(|it| it.health)?;
    Some(share(&worst.metric, worst.new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    #[test]
    fn the_worst_app_is_named() {
        let unicode = Theme::new(false, false);
        for (snapshot, title) in [
            (fixture::announced(), "✗ shop-android 97.02% – haltline"),
            (fixture::halted(), "‖ shop-android 97.02% – haltline"),
            (fixture::nobody(), "? shop-android 99.97% – haltline"),
        ] {
            let model = fixture::model(snapshot);
            assert_eq!(of(&model, unicode), title);
        }
        let model = fixture::model(fixture::announced());
        let ascii = of(&model, Theme::new(true, true));
        assert_eq!(ascii, "X shop-android 97.02% - haltline");
        let mut nothing = fixture::healthy();
        nothing.apps.clear();
        assert_eq!(of(&fixture::model(nothing), unicode), "haltline");
    }
}
