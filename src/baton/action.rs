//! Actions: named operations with typed arguments and results.

use async_trait::async_trait;

use super::{Object, Result};

/// The arguments of an invocation, as the host sent them.
pub type Arguments = Object;

/// A named operation.
#[async_trait]
pub trait Action: Send + Sync {
    /// How it is called.
    fn schema(&self) -> &ActionSchema;

    /// Runs it to its end. Long ones report through `progress`, and stop soon after
    /// [`Progress::is_cancelled`] turns true.
    async fn invoke(&self, arguments: Arguments, progress: &Progress) -> Result<ActionReply>;
}

/// How an action is called and what it returns.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSchema {
    /// The name that invocations use.
    pub name: &'static str,
    /// The name that people see.
    pub display_name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// What it takes.
    pub arguments: Vec<ActionField>,
    /// What it gives back.
    pub returns: Vec<ActionField>,
    /// Kinds that hosts know, such as `ACTION_TYPE_ACCOUNT_DISABLE`, by number.
    pub kinds: Vec<i32>,
}

/// An argument or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionField {
    /// Its key.
    pub name: &'static str,
    /// The name that people see.
    pub display_name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// Whether an invocation must have it.
    pub required: bool,
}

/// The type of an argument or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Several texts.
    TextList,
    /// Named values.
    Map,
}

/// What an action did.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ActionReply {
    /// The results, by name.
    pub values: Object,
    /// What the upstream system said of its quota, last.
    pub quota: Option<super::Quota>,
}

/// How a running action tells what it has done so far, and learns that it should stop.
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
    /// Replaces what is known of the results so far.
    pub fn report(&self, so_far: Object) {
        *self
            .state
            .so_far
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = so_far;
    }

    /// What was reported last.
    #[must_use]
    pub fn so_far(&self) -> Object {
        self.state
            .so_far
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Asks the action to stop at the next safe place.
    pub fn cancel(&self) {
        self.state
            .cancelled
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether it should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state
            .cancelled
            .load(std::sync::atomic::Ordering::Relaxed)
    }
}
