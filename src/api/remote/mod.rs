//! A watcher in another process, reached over its socket: fills a [`Desk`](super::client::Desk), so that a screen cannot tell
//! the difference but by the link, which says since when nothing is heard.
