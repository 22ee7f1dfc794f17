//! A check that is an address: one GET, passed where the answer is 2xx.

use reqwest::Url;

use crate::domain::PlainText;
use crate::http::{Answer, Call, Client, base_url};
use crate::ports::CheckRequest;
use crate::program::last_word;

pub(super) async fn ask(
    client: &Client,
    url: &str,
    request: &CheckRequest,
) -> Result<PlainText, PlainText> {
    let mut url = Url::parse(url).map_err(|error| format!("its address is no URL: {error}"))?;
    if !base_url::may_be_called(&url) {
        return Err("its address must be https; plain http is for loopback only".into());
    }
    url.query_pairs_mut()
        .append_pair("app", request.app.as_str())
        .append_pair("version", &request.version.key())
        .append_pair("stage", &request.stage.to_string());
    let call = Call::get(url).header("accept", "text/plain, */*;q=0.1");
    let answer = client.send(call).await.map_err(|error| error.to_string())?;
    let status = format!("it answered {}", answer.status);
    match (answer.is_success(), word(&answer)) {
        (true, Some(word)) => Ok(word),
        (true, None) => Ok(status.into()),
        (false, Some(word)) => Err(format!("{word} ({status})").into()),
        (false, None) => Err(status.into()),
    }
}

/// What it says, where that is for people: a page or a document is not.
fn word(answer: &Answer) -> Option<PlainText> {
    let plain = answer
        .header("content-type")?
        .trim_start()
        .starts_with("text/plain");
    Some(last_word(&answer.body)).filter(|word| plain && !word.is_empty())
}
