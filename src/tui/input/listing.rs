//! The table of actions and the keys of layers as a document: what `haltline keys` prints.

use serde::Serialize;

use super::actions::{ACTIONS, Action, Danger};
use super::keymap::Keymap;
use super::layers::LAYERS;

/// One action with the keys in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ActionKeys {
    /// In the palette and in `screen.toml`.
    pub id: &'static str,
    /// As they are written in `screen.toml`; none where it is in the palette alone.
    pub keys: Vec<String>,
    /// What they are without `screen.toml`.
    pub default_keys: Vec<String>,
    pub description: &'static str,
    /// Where it stands in the help: its heading.
    pub scope: &'static str,
    /// It changes something outside of the screen, or what is recorded.
    pub acts: bool,
    /// What confirms it: `none`, `key` (a second one) or `phrase` (typed, since it raises exposure).
    pub confirms: &'static str,
}

/// One key of a layer; the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LayerKey {
    pub layer: &'static str,
    pub keys: &'static str,
    pub description: &'static str,
}

fn names(keys: &[super::keymap::Chord]) -> Vec<String> {
    keys.iter().map(|key| key.name()).collect()
}

/// Every action, in the order of the help.
pub(crate) fn actions(keymap: &Keymap) -> Vec<ActionKeys> {
    let row = |action: &Action| ActionKeys {
        id: action.id,
        keys: names(keymap.keys(action.id)),
        default_keys: names(action.keys),
        description: action.description,
        scope: action.scope.title(),
        acts: action.does.acts(),
        confirms: match action.danger {
            Danger::None => "none",
            Danger::Press => "key",
            Danger::Phrase => "phrase",
        },
    };
    ACTIONS.iter().map(row).collect()
}

/// Every key of every layer.
pub(crate) fn layers() -> Vec<LayerKey> {
    let rows = LAYERS.iter().flat_map(|layer| {
        layer.rows.iter().map(|(keys, description)| LayerKey {
            layer: layer.layer,
            keys,
            description,
        })
    });
    rows.collect()
}
