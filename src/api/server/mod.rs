//! The local API: HTTP/1.1 with JSON over a unix socket.
//!
//! Owns routes, limits, who the peer is and what they may see; what they may do is the engine's to say, at each act. Serves a
//! [`Client`](super::Client): must not know the watcher.
