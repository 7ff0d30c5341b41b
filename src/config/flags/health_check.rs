//! Flags of `health-check`.

use crate::config::flag::{Flag, Kind, Scope, flags};

flags! {
    ENDPOINT = Flag::new("endpoint", Kind::Text("health"), "Endpoint to ask: health, ready or live")
        .only(Scope::HealthCheck);
    TIMEOUT = Flag::number("timeout", 5, (1, 3600), "Seconds to wait for the answer")
        .only(Scope::HealthCheck);
}
