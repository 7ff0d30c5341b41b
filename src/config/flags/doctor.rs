//! Flags of `doctor`.

use crate::config::flag::{Flag, Scope, flags};

flags! {
    JSON = Flag::switch("json", "Print one JSON object instead of a table").only(Scope::Doctor);
}
