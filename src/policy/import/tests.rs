use super::*;

#[test]
fn dbg_places() {
    for text in [
        "{\n\t\"stages\": [\n\t\t{\"track\": \"production\", \"rollout\": 10, \"x\": \"\\ud83d\\ude00\"},\n {\"rollout\": 5}]}",
        "stages:\n  - percentage: 1\n    duration: 24\n",
        "a: [",
        "{\"a\": }",
        "a: 1\na: 2\n",
        "",
        "- 1",
        "{\"stages\": []}",
        "x: &a [*a]",
    ] {
        match import(text, "p") {
            Ok(i) => println!("{}\n{:?}\n{:?}", i.toml, i.assumed, i.lost),
            Err(e) => println!("{text:?} {e:#?}"),
        }
    }
}
