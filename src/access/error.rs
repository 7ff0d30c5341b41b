//! Why a question about access has no answer.

use std::io;

use crate::c1z;

/// A result with the [`Error`] of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a question about access has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] c1z::Error),
    /// Nobody is meant.
    #[error(
        "field user: no account in the file has {0:?} in its username, address, name or id; sync \
         again if the account is new"
    )]
    NoPerson(String),
    /// More than one person is meant.
    #[error(
        "field user: {text:?} fits {count} accounts; give the username of one of them: {named}"
    )]
    ManyPeople {
        /// What was asked for.
        text: String,
        /// How many it fits.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// There is no such entitlement.
    #[error(
        "field entitlement: the file has no entitlement {0:?}; an id is \
         <resource type>:<resource id>:<name>, such as group:00G000000000001AAA:member"
    )]
    NoEntitlement(String),
    /// There is no such strong permission.
    #[error(
        "field permission: {asked:?} is not a permission that a sync tells of{hint}; those are \
         {known}"
    )]
    NoPermission {
        /// What was asked for.
        asked: String,
        /// What may have been meant.
        hint: String,
        /// All that there are.
        known: String,
    },
    /// The file does not tell what gives strong permissions.
    #[error(
        "the file does not tell what gives strong permissions: it was written by another program, \
         or its connector's user could not read them; give that user \"View Setup and \
         Configuration\" and sync again with this program"
    )]
    NoPermissions,
    /// The answer cannot be written.
    #[error("writing the answer: {0}")]
    Output(#[from] io::Error),
}
