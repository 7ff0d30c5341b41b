//! Permission set licences and package licences: a row that assigns the licence to a user.
//!
//! A grant is one call: the insert fails if the row exists. Such a row is then read, because a user
//! access policy may have taken it away. A revoke reads the row, and along with it what the user has
//! that needs the licence: a permission set must not lose the licence that it needs, whether the org
//! would refuse that or not.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::rule::{Applied, Rule};
use super::target::{Shape, Target};
use crate::baton::{Error, Result};
use crate::connector::catalog::{PACKAGE_LICENSE, PERMISSION_SET_LICENSE};
use crate::connector::error::{ReadError, is_refusal};
use crate::connector::read::table::{Row, Table};
use crate::connector::write::attempt::{Attempt, Deletion};
use crate::connector::write::change::{Change, Truth, Verb};
use crate::connector::write::needed;
use crate::connector::write::seats::{self, SeatTable};
use crate::salesforce::soql::{Condition, Select, field};
use crate::salesforce::{self, ErrorCode, SalesforceId};

/// An insert is sent again if the row that it collided with has disappeared.
const TRIES: u32 = 2;

/// Assigns the licences of one table.
pub(in crate::connector) struct Licenses {
    shape: Shape,
    /// The column that names the user.
    user: &'static str,
    /// The column that names the licence.
    license: &'static str,
    seats: SeatTable,
}

/// A row that assigns a licence.
#[derive(Deserialize)]
struct AssignmentRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(rename = "IsRevoked")]
    is_revoked: Option<bool>,
}

impl Row for AssignmentRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl AssignmentRow {
    /// Whether a user access policy took it away.
    fn is_revoked(&self) -> bool {
        self.is_revoked == Some(true)
    }
}

const DEAD: &str = "Salesforce has the licence as taken away by a user access policy, and does not \
                    let it be given back; look at the policy in Setup";
const HIDDEN: &str = "Salesforce says that the licence is assigned already and shows no such \
                      assignment; look at the user in Setup";

impl Licenses {
    /// Permission set licences.
    pub(in crate::connector) fn of_permission_sets() -> Self {
        Self {
            shape: Shape {
                on: &PERMISSION_SET_LICENSE,
                slug: "assigned",
                prefix: "0PL",
                doing: "assigning a permission set licence",
                noun: "permission set licence",
                object: "PermissionSetLicenseAssign",
                is_single: false,
                other_holder: None,
            },
            user: "AssigneeId",
            license: "PermissionSetLicenseId",
            seats: SeatTable::PermissionSetLicense,
        }
    }

    /// Licences of packages.
    pub(in crate::connector) fn of_packages() -> Self {
        Self {
            shape: Shape {
                on: &PACKAGE_LICENSE,
                slug: "assigned",
                prefix: "050",
                doing: "assigning a package licence",
                noun: "package licence",
                object: "UserPackageLicense",
                is_single: false,
                other_holder: None,
            },
            user: "UserId",
            license: "PackageLicenseId",
            seats: SeatTable::PackageLicense,
        }
    }

    fn rows(&self, target: &Target) -> Condition {
        field(self.user)
            .eq(target.user)
            .and(field(self.license).eq(target.on))
    }

    /// The user's rows, always a fresh read.
    async fn held(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Vec<AssignmentRow>> {
        let table = Table::new(self.shape.object, &["Id"])
            .optional(&["IsRevoked"])
            .only(self.rows(target));
        let rows = attempt.read(&table).await;
        rows.map_err(|error| self.shape.explain(error))
    }

    /// Handles a row that Salesforce says exists. Returns `None` if it has disappeared.
    async fn settle(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Option<Applied>> {
        // The column that was missing earlier decides whether the row gives access.
        attempt.context.org.forget_missing();
        let rows = self.held(target, attempt).await?;
        let grant = self.shape.grant(target)?;
        if rows.iter().any(|row| !row.is_revoked()) {
            return Ok(Some(Applied::already().with(grant)));
        }
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        match attempt.apply(&self.revival(target, row.id)).await {
            Ok(()) => Ok(Some(Applied::changed().with(grant))),
            Err(ReadError::Salesforce(error)) if error.is_not_found() => Ok(None),
            Err(ReadError::Salesforce(error)) if is_refusal(&error) => {
                match seats::why_no_license(self.seats, target.on, attempt).await {
                    Some(why) => Err(Error::precondition(why).because(error)),
                    None => Err(Error::precondition(DEAD).because(error)),
                }
            }
            Err(error) => Err(self.shape.explain(error)),
        }
    }

    fn insertion(&self, target: &Target) -> Change {
        let fields = [(self.user, target.user), (self.license, target.on)];
        let fields: Map<String, Value> = fields
            .into_iter()
            .map(|(column, id)| (column.to_owned(), json!(id)))
            .collect();
        Change {
            verb: Verb::Create(Value::Object(fields)),
            object: self.shape.object,
            truth: Truth::row(self.shape.object, self.rows(target)),
        }
    }

    fn revival(&self, target: &Target, row: SalesforceId) -> Change {
        let rows = self.rows(target).and(field("IsRevoked").eq(false));
        Change {
            verb: Verb::Update(row, json!({ "IsRevoked": false })),
            object: self.shape.object,
            truth: Truth::row(self.shape.object, rows),
        }
    }

    /// Why Salesforce refused. The licence is read unless the code names another cause.
    async fn refused(&self, error: ReadError, target: &Target, attempt: &mut Attempt<'_>) -> Error {
        match error {
            ReadError::Salesforce(error) if may_be_the_license(&error) => {
                match seats::why_no_license(self.seats, target.on, attempt).await {
                    Some(why) => Error::precondition(why).because(error),
                    None => self.shape.explain(ReadError::Salesforce(error)),
                }
            }
            error => self.shape.explain(error),
        }
    }

    /// The user's rows, and along with them why a permission set licence cannot be taken away.
    async fn held_or_needed(
        &self,
        target: &Target,
        attempt: &mut Attempt<'_>,
    ) -> Result<(Vec<AssignmentRow>, Option<String>)> {
        if self.seats != SeatTable::PermissionSetLicense {
            return Ok((self.held(target, attempt).await?, None));
        }
        let rows = Select::from(self.shape.object)
            .fields(["Id", "IsRevoked"])
            .filter(self.rows(target));
        let [direct, components] = needed::selects(target.user, target.on);
        let answers = attempt.ask([rows, direct, components]).await;
        let mut answers = answers.map_err(|error| self.shape.explain(error))?;
        let why = needed::why(&mut answers, 1);
        let rows = match answers.rows::<AssignmentRow>(0, "read licences of a user") {
            Ok(rows) => rows,
            // Older orgs do not have the second column.
            Err(_) => self.held(target, attempt).await?,
        };
        Ok((rows, why))
    }
}

/// Whether the licence may be why Salesforce refused: not if the user or the licence does not exist.
fn may_be_the_license(error: &salesforce::Error) -> bool {
    let is_unknown_record = error.is_not_found()
        || matches!(
            error.code(),
            Some(ErrorCode::InvalidCrossReferenceKey | ErrorCode::MalformedId)
        );
    is_refusal(error) && !is_unknown_record
}

#[async_trait]
impl Rule for Licenses {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let insertion = self.insertion(target);
        for _ in 0..TRIES {
            match attempt.apply(&insertion).await {
                Ok(()) => return Ok(Applied::changed().with(self.shape.grant(target)?)),
                Err(ReadError::Salesforce(error))
                    if error.code().is_some_and(ErrorCode::is_duplicate) =>
                {
                    if let Some(done) = self.settle(target, attempt).await? {
                        return Ok(done);
                    }
                }
                Err(error) => return Err(self.refused(error, target, attempt).await),
            }
        }
        Err(Error::precondition(HIDDEN))
    }

    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied> {
        let (mut rows, why) = self.held_or_needed(target, attempt).await?;
        rows.retain(|row| !row.is_revoked());
        if let Some(why) = why.filter(|_| !rows.is_empty()) {
            return Err(Error::precondition(why));
        }
        let mut applied = Applied::already();
        // What a user access policy took away is left to the policy.
        for row in rows {
            match attempt.delete(self.shape.object, row.id).await {
                Ok(Deletion::Deleted) => applied = Applied::changed(),
                Ok(Deletion::Gone) => {}
                Err(error) => return Err(self.shape.explain(error)),
            }
        }
        Ok(applied)
    }
}
