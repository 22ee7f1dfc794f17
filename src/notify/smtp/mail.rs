//! What a mail looks like: a subject that fits into a list, and a body that says what to do.
//!
//! All text is [`PlainText`], which has no line breaks, and lettre encodes what is not ASCII: no word of a message begins a header.

use std::time::SystemTime;

use lettre::message::Message as Mail;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};

use super::Settings;
use crate::domain::PlainText;
use crate::notify::text;
use crate::ports::Message;

/// Characters of a subject: more does not fit into any list of mails.
const LONGEST_SUBJECT: usize = 120;
/// Bytes of all facts, and of all messages of a digest.
const LIST: usize = 16_000;
const LONGEST_LINE: usize = 4_000;

/// `7c9e…@example.com`: the same at every try and after a restart.
pub(super) fn id(message: &Message, settings: &Settings) -> String {
    let own = format!("{} {}", settings.own, settings.from.email);
    let of_message = text::fingerprint(&own, message);
    format!("{of_message}@{}", domain(settings))
}

/// The mail, ready to be sent.
pub(super) fn of(
    message: &Message,
    id: &str,
    settings: &Settings,
) -> Result<Vec<u8>, lettre::error::Error> {
    let mut mail = Mail::builder()
        .from(settings.from.clone())
        .subject(subject(message))
        .date(SystemTime::from(message.at))
        .message_id(Some(format!("<{id}>")))
        .header(ContentType::TEXT_PLAIN)
        // RFC 3834: no robot answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    for to in &settings.to {
        mail = mail.to(to.clone());
    }
    if let Some(news) = &message.incident {
        // The root of the thread is no mail: whichever is the first that gets through, the others belong to it.
        let root = text::hash(&format!("{}\n{}", settings.own, news.key));
        let root = format!("<incident.{root}@{}>", domain(settings));
        mail = mail.references(root.clone()).in_reply_to(root);
    }
    Ok(mail.body(body(message, &settings.own))?.formatted())
}

fn domain(settings: &Settings) -> &str {
    settings.from.email.domain()
}

/// `[haltline] PAGE shop-android: halted at 25%: …`
fn subject(message: &Message) -> String {
    let word = text::word(message).to_uppercase();
    let of = message.about.as_ref();
    let of = of
        .map(|about| format!(" {}", about.app))
        .unwrap_or_default();
    text::clip(
        &format!("[haltline] {word}{of}: {}", message.text),
        LONGEST_SUBJECT,
    )
}

fn body(message: &Message, own: &PlainText) -> String {
    let mut body = String::new();
    line(&mut body, message.text.as_str());
    if !message.digest.is_empty() {
        body.push('\n');
        let (lines, rest) = text::fitting(&message.digest, LIST, |line| line.as_str().len() + 3);
        for told in lines {
            line(&mut body, &format!("- {told}"));
        }
        if let Some(more) = text::more(rest) {
            line(&mut body, &more);
        }
    }
    if let Some(about) = &message.about {
        body.push('\n');
        line(&mut body, &text::about(about));
    }
    let size = |(what, value): &(PlainText, PlainText)| what.as_str().len() + value.as_str().len();
    let (facts, rest) = text::fitting(&message.facts, LIST, size);
    for (what, value) in facts {
        line(&mut body, &format!("{what}: {value}"));
    }
    if let Some(more) = text::more(rest) {
        line(&mut body, &more);
    }
    if let Some(who) = &message.on_call {
        line(&mut body, &format!("On call: {who}"));
    }
    if let Some(command) = &message.command {
        body.push_str("\nTo act:\n\n");
        line(&mut body, &format!("    {command}"));
    }
    if let Some(link) = text::link(message) {
        body.push_str("\nMore:\n\n");
        line(&mut body, &format!("    {link}"));
    }
    // What most readers of mail take for a signature.
    body.push_str("\n-- \n");
    line(&mut body, &signature(message, own));
    body
}

fn signature(message: &Message, own: &PlainText) -> String {
    let at = message.at.format("%Y-%m-%d %H:%M UTC");
    let incident = message.incident.as_ref();
    let incident = incident.map(|news| format!(", incident {}", news.key));
    format!("haltline on {own}, {at}{}", incident.unwrap_or_default())
}

fn line(body: &mut String, text: &str) {
    body.push_str(&text::clip(text, LONGEST_LINE));
    body.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::tests::settings;
    use super::*;
    use crate::domain::{IncidentChange, Urgency};
    use crate::notify::testing;

    fn mail(message: &Message) -> String {
        let settings = settings(25);
        let id = id(message, &settings);
        String::from_utf8(of(message, &id, &settings).unwrap()).unwrap()
    }

    fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        let start = format!("{name}: ");
        head.split("\r\n")
            .find_map(|line| line.strip_prefix(&start))
    }

    #[test]
    fn a_page_says_what_where_and_what_to_do() {
        let mail = mail(&testing::message());
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        assert_eq!(header(&mail, "Auto-Submitted"), Some("auto-generated"));
        let date = header(&mail, "Date").unwrap();
        assert_eq!(date, "Wed, 18 Nov 2026 11:06:40 +0000");
        assert!(
            head.contains("Subject: [haltline] PAGE shop-android: halted at 25%:"),
            "{head}"
        );
        assert!(!head.contains("text/html"), "{head}");
        assert_eq!(
            body.replace("\r\n", "\n"),
            "halted at 25%: crash-free sessions 98.10%, limit 99.85%\n\
             \n\
             Shop 8.43.0 (84300), Google Play\n\
             crash-free sessions: 98.10% of 12,480\n\
             baseline: 99.90% of 101,000\n\
             On call: alice\n\
             \n\
             To act:\n\
             \n    haltline acknowledge shop-android --reason =E2=80=A6\n\
             \n\
             More:\n\
             \n    https://grafana.example.com/d/1?a=3D1&b=3D2\n\
             \n\
             --=20\n\
             haltline on jump.example.com, 2026-11-18 11:06 UTC, incident haltline/shop-=\n\
             android/84300\n"
        );
    }

    #[test]
    fn mails_of_one_incident_are_one_thread_and_each_has_an_id_that_stays() {
        let opened = mail(&testing::message());
        let again = mail(&testing::message());
        let resolved = mail(&testing::later(IncidentChange::Resolved, Urgency::Info));
        let own = |mail| header(mail, "Message-ID").unwrap().to_owned();
        assert_eq!(own(&opened), own(&again));
        assert_ne!(own(&opened), own(&resolved));
        assert!(own(&opened).ends_with("@example.com>"));
        let root = header(&opened, "References");
        assert!(root.is_some_and(|root| root.starts_with("<incident.")));
        for mail in [&opened, &resolved] {
            assert_eq!(header(mail, "References"), root);
            assert_eq!(header(mail, "In-Reply-To"), root);
        }
        assert!(header(&resolved, "Subject").unwrap().contains("RESOLVED"));
        let of_watcher = mail(&testing::watcher(Urgency::Warning));
        assert_eq!(header(&of_watcher, "References"), None);
        assert_eq!(
            header(&of_watcher, "Subject"),
            Some("[haltline] WARNING: the journal cannot be written")
        );
    }

    #[test]
    fn nothing_that_is_said_begins_a_header_or_ends_the_mail() {
        let mut message = testing::hostile();
        message.text = "x\r\nBcc: eve@example.com\r\n\r\n.\r\nQUIT\r\n ä".into();
        let mail = mail(&message);
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let known = [
            "From",
            "Subject",
            "Date",
            "Message-ID",
            "Content-Type",
            "Auto-Submitted",
            "To",
            "References",
            "In-Reply-To",
            "Content-Transfer-Encoding",
            "MIME-Version",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        assert!(mail.is_ascii(), "no server has to take more than ASCII");
        assert!(mail.split("\r\n").all(|line| line.len() <= 998));
        assert!(mail.len() < 200_000, "{}", mail.len());
        assert!(!body.contains("\r\n.\r\n"));
    }

    #[test]
    fn a_subject_is_short() {
        let mut message = testing::message();
        message.text = "ä".repeat(500).into();
        let subject = subject(&message);
        assert_eq!(subject.chars().count(), LONGEST_SUBJECT);
        assert!(subject.ends_with('…'));
    }
}
