//! NerdGraph, as far as the fake knows it: `{ actor { account(id: 1) { name: nrql(query: "…", timeout: 20) { results } … } } }`.

use serde_json::Deserializer;

/// Queries by alias, of one account.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) account: u64,
    pub(super) queries: Vec<(String, String)>,
}

/// `None` where it is another question.
pub(super) fn read(raw: &str) -> Option<Asked> {
    let mut rest = Rest(raw);
    rest.all(&["{", "actor", "{", "account", "(", "id", ":"])?;
    let account = rest.number()?;
    rest.all(&[")", "{"])?;
    let mut queries = Vec::new();
    while rest.eat("}").is_none() {
        let first = rest.name()?;
        let alias = if rest.eat(":").is_some() {
            rest.eat("nrql")?;
            first
        } else {
            first.filter("nrql")?
        };
        rest.all(&["(", "query", ":"])?;
        let query = rest.text()?;
        rest.eat(",");
        if rest.eat("timeout").is_some() {
            rest.eat(":")?;
            rest.number()?;
        }
        rest.all(&[")", "{", "results", "}"])?;
        queries.push((alias.0.to_owned(), query));
    }
    rest.all(&["}", "}"])?;
    rest.0.is_empty().then_some(Asked { account, queries })
}

#[derive(Clone, Copy)]
struct Name<'a>(&'a str);

impl Name<'_> {
    fn filter(self, wanted: &str) -> Option<Self> {
        (self.0 == wanted).then_some(self)
    }
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn eat(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(text)?.trim_start();
        Some(())
    }

    fn all(&mut self, texts: &[&str]) -> Option<()> {
        texts.iter().try_for_each(|text| self.eat(text))
    }

    fn name(&mut self) -> Option<Name<'a>> {
        let end = self
            .0
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.trim_start();
        (!name.is_empty()).then_some(Name(name))
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.0.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.trim_start();
        number.parse().ok()
    }

    /// GraphQL writes a text as JSON does.
    fn text(&mut self) -> Option<String> {
        let mut texts = Deserializer::from_str(self.0).into_iter::<String>();
        let text = texts.next()?.ok()?;
        let end = texts.byte_offset();
        self.0 = self.0.get(end..)?.trim_start();
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_texts_are_read() {
        let raw = r#"{ actor { account(id: 12) { a: nrql(query: "SELECT \"x\\\"", timeout: 20) { results } b: nrql(query: "y") { results } } } }"#;
        let asked = read(raw).unwrap();
        assert_eq!(asked.account, 12);
        let wanted = [("a", "SELECT \"x\\\""), ("b", "y")];
        assert_eq!(
            asked.queries,
            wanted.map(|(a, q)| (a.to_owned(), q.to_owned()))
        );
        assert_eq!(read("{ actor { user { name } } }"), None);
    }
}
