//! The event feeds: who signed in, and what was changed in Setup.
//!
//! [`reader`] reads the rows of one object, each once; a feed says what an event its row is.

mod audit_names;
mod audit_text;
mod logins;
mod organization;
mod position;
mod reader;
mod sent;
mod setup_audit;

use std::sync::Arc;

use super::read::context::ReadContext;
use crate::baton::EventFeed;

/// All event feeds.
pub(super) fn all(read: &Arc<ReadContext>) -> Vec<Arc<dyn EventFeed>> {
    vec![
        Arc::new(logins::Logins::new(read)),
        Arc::new(setup_audit::SetupAudit::new(read)),
    ]
}
