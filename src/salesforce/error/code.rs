//! Salesforce's error codes, as far as the connector handles them.
//!
//! Must not know: HTTP statuses or messages.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The longest code of Salesforce has 62 characters.
const MAX_CODE: usize = 80;

macro_rules! codes {
    ($($variant:ident = $text:literal,)+) => {
        /// A code from the `errorCode` or `statusCode` of an answer.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// Any other code: letters, digits and underscores, of bounded length.
            Other(Box<str>),
        }

        impl ErrorCode {
            /// The code as Salesforce writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// Reads a code. A text that cannot be a code becomes `UNRECOGNIZED`.
            #[must_use]
            pub fn new(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(sanitised(other).into()),
                }
            }
        }
    };
}

codes! {
    AllOrNoneOperationRolledBack = "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ApiCurrentlyDisabled = "API_CURRENTLY_DISABLED",
    ApiDisabledForOrg = "API_DISABLED_FOR_ORG",
    CannotDeleteEntity = "CANNOT_DELETE_ENTITY",
    CannotDisableLastAdmin = "CANNOT_DISABLE_LAST_ADMIN",
    CannotFreezeSelf = "CANNOT_FREEZE_SELF",
    CannotInsertUpdateActivateEntity = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    DeleteFailed = "DELETE_FAILED",
    DependencyExists = "DEPENDENCY_EXISTS",
    DuplicateCommNickname = "DUPLICATE_COMM_NICKNAME",
    DuplicateDeveloperName = "DUPLICATE_DEVELOPER_NAME",
    DuplicateUsername = "DUPLICATE_USERNAME",
    DuplicateValue = "DUPLICATE_VALUE",
    DuplicatesDetected = "DUPLICATES_DETECTED",
    EntityIsDeleted = "ENTITY_IS_DELETED",
    EntityIsLocked = "ENTITY_IS_LOCKED",
    EntityNotQueryable = "ENTITY_NOT_QUERYABLE",
    ExceededIdLimit = "EXCEEDED_ID_LIMIT",
    FieldCustomValidationException = "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    FieldIntegrityException = "FIELD_INTEGRITY_EXCEPTION",
    FunctionalityNotEnabled = "FUNCTIONALITY_NOT_ENABLED",
    InactiveOwnerOrUser = "INACTIVE_OWNER_OR_USER",
    InsufficientAccess = "INSUFFICIENT_ACCESS",
    InsufficientAccessOnCrossReferenceEntity = "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    InsufficientAccessOrReadonly = "INSUFFICIENT_ACCESS_OR_READONLY",
    InvalidCrossReferenceKey = "INVALID_CROSS_REFERENCE_KEY",
    InvalidField = "INVALID_FIELD",
    InvalidFieldForInsertUpdate = "INVALID_FIELD_FOR_INSERT_UPDATE",
    InvalidNewPassword = "INVALID_NEW_PASSWORD",
    InvalidOrNullForRestrictedPicklist = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    InvalidQueryFilterOperator = "INVALID_QUERY_FILTER_OPERATOR",
    InvalidQueryLocator = "INVALID_QUERY_LOCATOR",
    InvalidSessionId = "INVALID_SESSION_ID",
    InvalidType = "INVALID_TYPE",
    JsonParserError = "JSON_PARSER_ERROR",
    LicenseLimitExceeded = "LICENSE_LIMIT_EXCEEDED",
    MalformedId = "MALFORMED_ID",
    MalformedQuery = "MALFORMED_QUERY",
    MethodNotAllowed = "METHOD_NOT_ALLOWED",
    MixedDmlOperation = "MIXED_DML_OPERATION",
    NotFound = "NOT_FOUND",
    NumberOutsideValidRange = "NUMBER_OUTSIDE_VALID_RANGE",
    OperationTooLarge = "OPERATION_TOO_LARGE",
    PackageLicenseRequired = "PACKAGE_LICENSE_REQUIRED",
    ProcessingHalted = "PROCESSING_HALTED",
    QueryTimeout = "QUERY_TIMEOUT",
    QueryTooComplicated = "QUERY_TOO_COMPLICATED",
    RecordInUseByWorkflow = "RECORD_IN_USE_BY_WORKFLOW",
    RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED",
    RequestRunningTooLong = "REQUEST_RUNNING_TOO_LONG",
    RequiredFieldMissing = "REQUIRED_FIELD_MISSING",
    ServerUnavailable = "SERVER_UNAVAILABLE",
    StringTooLong = "STRING_TOO_LONG",
    TooManyApexRequests = "TOO_MANY_APEX_REQUESTS",
    TxnSecurityMeteringError = "TXN_SECURITY_METERING_ERROR",
    UnableToLockRow = "UNABLE_TO_LOCK_ROW",
    UnknownException = "UNKNOWN_EXCEPTION",
    UnsupportedApiVersion = "UNSUPPORTED_API_VERSION",
}

impl ErrorCode {
    /// Whether the org does not have the object, or hides it from the user.
    #[must_use]
    pub fn is_object_unavailable(&self) -> bool {
        matches!(
            self,
            Self::InvalidType
                | Self::InsufficientAccess
                | Self::InsufficientAccessOrReadonly
                | Self::InsufficientAccessOnCrossReferenceEntity
                | Self::FunctionalityNotEnabled
                | Self::EntityNotQueryable
        )
    }

    /// Whether the same request may succeed later without a change in the org. `UNKNOWN_EXCEPTION`
    /// is not temporary: Salesforce also returns it for requests that always fail.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::InvalidQueryLocator
                | Self::QueryTimeout
                | Self::RecordInUseByWorkflow
                | Self::RequestRunningTooLong
                | Self::ServerUnavailable
                | Self::TooManyApexRequests
                | Self::UnableToLockRow
        )
    }

    /// Whether a record does not exist, or no longer.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound | Self::EntityIsDeleted)
    }

    /// Whether such a record exists already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(
            self,
            Self::DuplicateValue
                | Self::DuplicateUsername
                | Self::DuplicateCommNickname
                | Self::DuplicateDeveloperName
                | Self::DuplicatesDetected
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

fn sanitised(text: &str) -> &str {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !text.is_empty() && text.len() <= MAX_CODE && text.bytes().all(is_code) {
        text
    } else {
        "UNRECOGNIZED"
    }
}
