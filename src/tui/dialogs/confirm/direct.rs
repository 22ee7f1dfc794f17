//! What a dialog tells of a stop that goes around a watcher which cannot be reached.

use super::{About, Confirm, PRESS, lower};
use crate::api::AppSnapshot;
use crate::domain::{Act, Verb};
use crate::tui::state::model::Model;
use crate::tui::words::format::age;
use crate::tui::words::{blast, link, state_words};

pub(super) fn dialog(model: &Model, app: &AppSnapshot, verb: Verb) -> Confirm {
    let (store, now) = (app.store.name(), model.present);
    let known = app.store_read_at.unwrap_or(model.latest.at);
    let mut facts = vec![
        About::Way.tell(format!(
            "{}: this goes straight to {store}, with YOUR credentials",
            link::out_of_reach(model)
        )),
        About::Now.tell(format!(
            "{}, as last known {} ago: it may have changed since",
            state_words::of(app),
            age(now - known)
        )),
        About::After.tell(format!(
            "{}, once {store} reads so; what came of it is shown",
            state_words::after(app, verb)
        )),
        About::Blast.tell(blast::lowered(app, verb, model.now.watched)),
    ];
    facts.extend(lower::keeps(app, verb));
    facts.push(About::Undo.tell(format!(
        "{} once the watcher answers, or the store's console",
        model.keys.name("resume")
    )));
    let (id, name) = match verb {
        Verb::Pause => ("pause", "pause directly"),
        _ => ("halt", "halt directly"),
    };
    let act = Act::Do { verb, to: None };
    let mut dialog = Confirm::new(model, app, (id, name), act, facts, PRESS);
    dialog.direct = true;
    // The watcher tells nobody of what it does not know.
    dialog.facts.retain(|fact| fact.about != About::Also);
    let also =
        "written down here, and handed to the watcher once it answers; it tells nobody before";
    dialog.facts.push(About::Also.tell(also));
    dialog
}
