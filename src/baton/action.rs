//! Actions: named operations with typed arguments and results.

use async_trait::async_trait;

use super::{Object, Result};

/// The arguments of an invocation, as the host sent them.
pub type Arguments = Object;

/// A named operation.
#[async_trait]
pub trait Action: Send + Sync {
    /// The schema.
    fn schema(&self) -> &ActionSchema;

    /// Runs the action. A long action reports through `progress`, and stops soon after
    /// [`Progress::is_cancelled`] becomes true.
    async fn invoke(&self, arguments: Arguments, progress: &Progress) -> Result<ActionReply>;
}

/// Name, arguments and results of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSchema {
    /// Name in invocations. Hosts store it, so it never changes.
    pub name: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Description for people.
    pub description: &'static str,
    /// Arguments.
    pub arguments: Vec<ActionField>,
    /// Results.
    pub returns: Vec<ActionField>,
    /// Numbers of the protocol's `ActionType`, such as that of `ACTION_TYPE_ACCOUNT_DISABLE`.
    pub kinds: Vec<i32>,
}

/// An argument or a result of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionField {
    /// Key.
    pub name: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Description for people.
    pub description: &'static str,
    /// Type.
    pub kind: FieldKind,
    /// Whether an invocation has to contain it.
    pub required: bool,
}

/// The type of an argument or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A string.
    Text,
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A list of strings.
    TextList,
    /// A map of named values.
    Map,
}

/// Result of an action.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ActionReply {
    /// Results by name.
    pub values: Object,
    /// The upstream system's quota, if it is known.
    pub quota: Option<super::Quota>,
}

/// Connects a running action with its caller: reports interim results, and asks it to stop.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    state: std::sync::Arc<ProgressState>,
}

#[derive(Debug, Default)]
struct ProgressState {
    cancelled: std::sync::atomic::AtomicBool,
    so_far: std::sync::Mutex<Object>,
}

impl Progress {
    /// Reports the results so far. Replaces the previous report.
    pub fn report(&self, so_far: Object) {
        *self
            .state
            .so_far
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = so_far;
    }

    /// The last report.
    #[must_use]
    pub fn so_far(&self) -> Object {
        self.state
            .so_far
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Asks the action to stop as soon as it safely can.
    pub fn cancel(&self) {
        self.state
            .cancelled
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether the action should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state
            .cancelled
            .load(std::sync::atomic::Ordering::Relaxed)
    }
}
