//! How a task ended, and the report about it.

use prost::{Message, Name};
use prost_types::Any;
use tonic::Code;

use crate::c1z::annotation;
use crate::causes;
use crate::pb::google::rpc;
use crate::pb::platform::BatonServiceFinishTaskRequest;
use crate::pb::platform::baton_service_finish_task_request::{Error, FinalState, Success};
use crate::runner;

/// The contract allows so many annotations.
const MOST_ANNOTATIONS: usize = 16;

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It was done.
    Done {
        response: Option<Any>,
        annotations: Vec<Any>,
    },
    /// It failed.
    Failed {
        status: rpc::Status,
        /// Giving it out once more is of no use.
        is_final: bool,
        /// What the connector says about the failure.
        response: Option<Any>,
    },
}

impl Outcome {
    /// Done, with the connector's answer.
    pub(super) fn answered<M: Message + Name>(reply: &M, annotations: &[Any]) -> Self {
        Self::Done {
            response: Some(annotation::pack(reply)),
            annotations: annotations.iter().take(MOST_ANNOTATIONS).cloned().collect(),
        }
    }

    /// Failed, and worth another try.
    pub(super) fn failed(code: Code, message: impl Into<String>) -> Self {
        Self::Failed {
            status: rpc::Status {
                code: code as i32,
                message: message.into(),
                details: Vec::new(),
            },
            is_final: false,
            response: None,
        }
    }

    /// Failed, whoever does it.
    pub(super) fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::failed(code, message).finally()
    }

    /// The failure of the connector, with its full status.
    pub(super) fn of_error(error: &runner::Error) -> Self {
        if let runner::Error::Call { status, .. } = error {
            let details = rpc::Status::decode(status.details()).unwrap_or_default();
            return Self::Failed {
                status: rpc::Status {
                    code: status.code() as i32,
                    message: status.message().to_owned(),
                    details: details.details,
                },
                is_final: false,
                response: None,
            };
        }
        Self::failed(Code::from_i32(error.code()), causes::chain(error))
    }

    /// A failure that must not be tried again.
    pub(super) fn finally(self) -> Self {
        match self {
            Self::Failed {
                status, response, ..
            } => Self::Failed {
                status,
                is_final: true,
                response,
            },
            done @ Self::Done { .. } => done,
        }
    }

    /// The gRPC code of the result.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Done { .. } => Code::Ok,
            Self::Failed { status, .. } => Code::from_i32(status.code),
        }
    }

    /// What went wrong, in words; empty if nothing did.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Done { .. } => "",
            Self::Failed { status, .. } => &status.message,
        }
    }

    pub(super) fn into_report(self, task: &str) -> BatonServiceFinishTaskRequest {
        let (status, state) = match self {
            Self::Done {
                response,
                annotations,
            } => (
                None,
                FinalState::Success(Success {
                    annotations,
                    response,
                }),
            ),
            Self::Failed {
                status,
                is_final,
                response,
            } => (
                Some(status),
                FinalState::Error(Error {
                    non_retryable: is_final,
                    annotations: Vec::new(),
                    response,
                }),
            ),
        };
        BatonServiceFinishTaskRequest {
            // Whoever sends it adds the id of the host.
            host_id: String::new(),
            task_id: task.to_owned(),
            status,
            final_state: Some(state),
        }
    }
}
