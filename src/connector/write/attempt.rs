//! One request to change the org, from its first read to its audit line.
//!
//! This is the one place that decides what happens when the answer to a write is lost: the org is
//! asked whether the write took effect, and only a write that did not is sent again, once. It also
//! counts the calls, derives the outcome, and writes the audit line.

use std::time::Instant;

use serde::de::DeserializeOwned;

use super::audit::{self, AuditLine, Outcome};
use super::change::{Change, Truth, Verb};
use super::context::WriteContext;
use crate::baton::{Error, Kind, Page, Quota, Resource};
use crate::connector::error::{ReadError, quota};
use crate::connector::read::table::{IdRow, Row, Table};
use crate::connector::resources::user::fetch::Fetched;
use crate::salesforce::composite::{SubResponse, Subrequest};
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{self, ErrorCode, FieldName, QueryPage, Response, SalesforceId};

/// How often a write is sent if its answers keep getting lost.
pub(super) const SENDS: u32 = 2;

/// How a deletion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deletion {
    Deleted,
    /// The record no longer existed.
    Gone,
}

/// What a request does, and what it has cost so far.
pub(in crate::connector) struct Attempt<'a> {
    pub(super) context: &'a WriteContext,
    action: &'static str,
    object: &'static str,
    began: Instant,
    calls: u32,
    quota: Option<Quota>,
    /// The records that the request names, and those that were written.
    ids: Vec<SalesforceId>,
    /// The field that the request is about, if it is about one.
    field: Option<FieldName>,
    has_changed: bool,
    /// A write was held back because this is a dry run.
    is_held_back: bool,
    /// The answer to a write was lost, and its effect is unknown.
    is_unsure: bool,
}

impl<'a> Attempt<'a> {
    /// Starts the request `action`, which writes `object`.
    pub(super) fn new(
        context: &'a WriteContext,
        action: &'static str,
        object: &'static str,
    ) -> Self {
        Self {
            context,
            action,
            object,
            began: Instant::now(),
            calls: 0,
            quota: None,
            ids: Vec::new(),
            field: None,
            has_changed: false,
            is_held_back: false,
            is_unsure: false,
        }
    }

    /// Adds a record that the request names.
    pub(super) fn about(&mut self, id: SalesforceId) {
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
    }

    /// Names the field that the request is about.
    pub(super) fn about_field(&mut self, field: FieldName) {
        self.field = Some(field);
    }

    /// The org was changed.
    pub(super) fn changed(&mut self) {
        self.has_changed = true;
    }

    /// A write was held back because this is a dry run.
    pub(super) fn held_back(&mut self) {
        self.is_held_back = true;
    }

    /// Whether the answer to a write was lost and its effect is unknown.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    pub(super) fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// Logs the audit line and completes the error, if there is one.
    pub(super) fn end<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        let outcome = self.outcome(result.as_ref().err());
        let metrics = &self.context.options.metrics;
        metrics.ended(self.action, outcome.as_str());
        audit::record(&AuditLine {
            action: self.action,
            object: self.object,
            ids: &self.ids,
            field: self.field.as_ref().map(FieldName::as_str),
            outcome,
            began: self.began,
            api_calls: self.calls,
        });
        self.complete(result)
    }

    /// Completes the error of a request that only reads, which has no audit line.
    pub(super) fn end_of_read<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        self.complete(result)
    }

    fn complete<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| {
            let error = error.with_quota(self.quota);
            if self.is_unsure {
                error.unsure()
            } else {
                error
            }
        })
    }

    fn outcome(&self, failure: Option<&Error>) -> Outcome {
        let is_passing = failure.is_some_and(|failure| {
            matches!(
                failure.kind(),
                Kind::Unavailable
                    | Kind::DeadlineExceeded
                    | Kind::ResourceExhausted
                    | Kind::Cancelled
            )
        });
        match failure {
            _ if self.is_held_back => Outcome::DryRun,
            Some(_) if self.is_unsure => Outcome::Unknown,
            // What was changed before a failure stays changed.
            _ if self.has_changed => Outcome::Changed,
            None => Outcome::Already,
            Some(_) if is_passing => Outcome::Failed,
            Some(_) => Outcome::Refused,
        }
    }

    /// Takes the value of an answer, and counts what it cost.
    pub(super) fn take<T>(
        &mut self,
        answer: Result<Response<T>, salesforce::Error>,
    ) -> Result<T, salesforce::Error> {
        match answer {
            Ok(answer) => {
                self.calls += answer.calls;
                self.quota = answer.quota.as_ref().map(quota).or(self.quota);
                Ok(answer.value)
            }
            Err(error) => {
                self.calls += error.calls();
                self.quota = error.quota().map(quota).or(self.quota);
                self.is_held_back |= matches!(error, salesforce::Error::DryRun { .. });
                Err(error)
            }
        }
    }

    /// Takes a user that was read as a sync reads it, and counts what that cost.
    pub(super) fn fetched(
        &mut self,
        fetched: Result<Fetched, ReadError>,
    ) -> Result<Page<Resource>, ReadError> {
        match &fetched {
            Ok(Fetched { page, calls }) => self.add(*calls, page.quota),
            Err(ReadError::Salesforce(error)) => {
                self.add(error.calls(), error.quota().map(quota));
            }
            Err(ReadError::Own(_)) => {}
        }
        fetched.map(|fetched| fetched.page)
    }

    fn add(&mut self, calls: u32, quota: Option<Quota>) {
        self.calls += calls;
        self.quota = quota.or(self.quota);
    }

    /// Reads the first batch of a table, all rows if there are few.
    pub(super) async fn read<R: Row>(&mut self, table: &Table) -> Result<Vec<R>, ReadError> {
        let batch = self.context.org.read::<R>(table, None).await;
        match batch {
            Ok(batch) => {
                self.add(batch.calls, batch.quota);
                Ok(batch.rows.collect())
            }
            Err(error) => {
                self.add(error.calls(), error.quota().map(quota));
                Err(ReadError::Salesforce(error))
            }
        }
    }

    /// Reads the rows of one query.
    pub(super) async fn query<T: DeserializeOwned>(
        &mut self,
        select: &Select,
    ) -> Result<Vec<T>, ReadError> {
        let answer = self.context.org.client.query::<T>(select).await;
        let page = self.take(answer).map_err(ReadError::Salesforce)?;
        // A decision must not be made without the row.
        if let Some(row) = page.unreadable.first() {
            let text = format!(
                "Salesforce sent a row of {} without a usable value for {}",
                select.object(),
                row.field
            );
            return Err(Error::new(Kind::Unknown, text).into());
        }
        Ok(page.records)
    }

    /// Sends several queries in one call. The answers have the order of the queries.
    pub(super) async fn ask<const N: usize>(
        &mut self,
        selects: [Select; N],
    ) -> Result<Answers, ReadError> {
        let numbered = selects.iter().enumerate();
        let requests = numbered.map(|(n, select)| Subrequest::select(select, format!("q{n}")));
        let requests: Vec<_> = requests
            .collect::<Result<_, _>>()
            .map_err(ReadError::Salesforce)?;
        let answer = self.context.org.client.composite(&requests, false).await;
        Ok(Answers(self.take(answer).map_err(ReadError::Salesforce)?))
    }

    /// Sends a write until its effect is known. After a lost answer, `find` asks the org: `Some` if
    /// the write took effect, `None` if it did not. Returns an error of the connector's own if the
    /// effect stays unknown, or if it is known that the write did not take effect.
    pub(super) async fn settle<T, W, F>(
        &mut self,
        send: impl Fn() -> W + Send,
        find: impl Fn() -> F + Send,
    ) -> Result<T, ReadError>
    where
        W: Future<Output = Result<Response<T>, salesforce::Error>> + Send,
        F: Future<Output = Result<Response<Option<T>>, salesforce::Error>> + Send,
    {
        let mut lost = None;
        for _ in 0..SENDS {
            let error = match self.take(send().await) {
                Ok(value) => {
                    self.is_unsure = false;
                    return Ok(value);
                }
                Err(error) if error.is_ambiguous() => error,
                // A refusal of the second send leaves the effect of the first one open.
                Err(error) => return Err(ReadError::Salesforce(error)),
            };
            self.is_unsure = true;
            let found = self.take(find().await);
            if let Some(value) = found.map_err(|error| untold(ReadError::Salesforce(error)))? {
                self.is_unsure = false;
                return Ok(value);
            }
            lost = Some(error);
        }
        self.is_unsure = false;
        Err(not_made(lost).into())
    }

    /// Sends a write whose effect nothing shows: it is sent once, whatever the answer.
    pub(super) fn send_once<T>(
        &mut self,
        answer: Result<Response<T>, salesforce::Error>,
    ) -> Result<T, salesforce::Error> {
        self.is_unsure |= answer.as_ref().is_err_and(salesforce::Error::is_ambiguous);
        self.take(answer)
    }

    /// Applies a change. In a dry run the error says what would be sent.
    pub(super) async fn apply(&mut self, change: &Change) -> Result<(), ReadError> {
        if self.context.options.dry_run {
            self.held_back();
            let text = format!("dry run: would send {change}; nothing was sent");
            return Err(Error::precondition(text).into());
        }
        let context = self.context;
        let written = self
            .settle(|| send(context, change), || find(context, change))
            .await?;
        if let Some(id) = written {
            self.about(id);
        }
        self.changed();
        Ok(())
    }

    /// Deletes a record; a record that no longer exists counts as deleted. Objects without a
    /// recycle bin answer `INVALID_CROSS_REFERENCE_KEY` for such a record. That code has other
    /// meanings too, so the org is asked.
    pub(super) async fn delete(
        &mut self,
        object: &'static str,
        id: SalesforceId,
    ) -> Result<Deletion, ReadError> {
        let change = Change {
            verb: Verb::Delete(id),
            object,
            truth: Truth::no_row(object, field("Id").eq(id)),
        };
        match self.apply(&change).await {
            Ok(()) => Ok(Deletion::Deleted),
            Err(ReadError::Salesforce(error)) if error.is_not_found() => Ok(Deletion::Gone),
            Err(ReadError::Salesforce(error))
                if error.code() == Some(&ErrorCode::InvalidCrossReferenceKey) =>
            {
                let rows = self.query::<IdRow>(&change.truth.question()).await?;
                if rows.is_empty() {
                    Ok(Deletion::Gone)
                } else {
                    Err(ReadError::Salesforce(error))
                }
            }
            Err(error) => Err(error),
        }
    }

    /// For `batch.rs`, which asks about many records at once.
    pub(super) fn set_unsure(&mut self, is_unsure: bool) {
        self.is_unsure = is_unsure;
    }
}

/// Sends a change. Returns the id of the record, if it is known.
async fn send(
    context: &WriteContext,
    change: &Change,
) -> Result<Response<Option<SalesforceId>>, salesforce::Error> {
    let client = &context.org.client;
    let object = FieldName::from(change.object);
    Ok(match &change.verb {
        Verb::Create(fields) => client.create(&object, fields).await?.map(Some),
        Verb::Update(id, fields) => {
            let answer = client.update(&object, *id, fields).await?;
            answer.map(|()| Some(*id))
        }
        Verb::Delete(id) => client.delete(&object, *id).await?.map(|()| Some(*id)),
        Verb::Patch(id, patch) => client.scim().patch(*id, patch).await?.map(|()| Some(*id)),
        Verb::DeleteUser(id) => client.scim().delete(*id).await?.map(|()| Some(*id)),
    })
}

/// Whether the org is as requested, whoever changed it.
async fn find(
    context: &WriteContext,
    change: &Change,
) -> Result<Response<Option<Option<SalesforceId>>>, salesforce::Error> {
    let question = change.truth.question();
    let answer = context.org.client.query::<IdRow>(&question).await?;
    Ok(answer.map(|page| {
        let is_done = change.truth.is_done(!page.records.is_empty());
        is_done.then(|| change.verb.id())
    }))
}

/// The effect of a write is unknown, because the org cannot be read either.
pub(super) fn untold(error: ReadError) -> ReadError {
    let doing = "the answer to a write was lost, and Salesforce does not say whether the write \
                 took effect";
    error.wrap(doing).into()
}

/// A write did not take effect, although it was sent as often as allowed.
pub(super) fn not_made(lost: Option<salesforce::Error>) -> Error {
    let text = "Salesforce did not answer twice, and the change was not made; it may be requested \
                again";
    // The service must not send it again, or the sends would multiply. The host decides.
    let error = Error::new(Kind::Unavailable, text).retries_exhausted(true);
    match lost {
        Some(lost) => error.because(lost),
        None => error,
    }
}

/// The answers to several queries.
pub(super) struct Answers(Vec<SubResponse>);

impl Answers {
    /// The rows of the query with this number, counted from 0. `doing` describes the query.
    pub(super) fn rows<T: DeserializeOwned>(
        &mut self,
        number: usize,
        doing: &'static str,
    ) -> Result<Vec<T>, ReadError> {
        let reference = format!("q{number}");
        let place = self
            .0
            .iter()
            .position(|answer| answer.reference_id == reference);
        let Some(place) = place else {
            return Err(Error::internal("Salesforce left a query of a composite out").into());
        };
        let answer = self.0.swap_remove(place);
        let page: QueryPage<T> = answer.decode(doing).map_err(ReadError::Salesforce)?;
        if page.done {
            Ok(page.records)
        } else {
            let text = "Salesforce lists more rows than one answer holds";
            Err(Error::precondition(text).into())
        }
    }
}
