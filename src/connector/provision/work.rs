//! One grant or revoke at work: its fresh reads, its writes, and what they cost.
//!
//! Here is decided what happens when the answer to a write is lost: the org is asked what is true,
//! and only a write that was not done is sent again, once (requirement C14).

use serde::de::DeserializeOwned;

use super::change::{Change, Verb};
use crate::baton::{Error, Kind, Quota};
use crate::connector::context::{Context, IdRow};
use crate::connector::error::wrap;
use crate::connector::listing::Trouble;
use crate::connector::table::{Row, Table, quota};
use crate::salesforce::composite::{SubResponse, Subrequest};
use crate::salesforce::soql::Select;
use crate::salesforce::{self, FieldName, QueryPage, Response, SalesforceId};

/// A write whose answer was lost and that was not done is sent once more.
const SENDS: u32 = 2;

/// What a call needs, and what it has cost so far.
pub(in crate::connector) struct Work<'a> {
    pub(super) context: &'a Context,
    calls: u32,
    quota: Option<Quota>,
    written: Vec<SalesforceId>,
    is_unsure: bool,
    is_dry_run: bool,
}

impl<'a> Work<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self {
            context,
            calls: 0,
            quota: None,
            written: Vec::new(),
            is_unsure: false,
            is_dry_run: false,
        }
    }

    /// Calls sent so far; of a call that failed, its repetitions are not known.
    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    pub(super) fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The records that were written.
    pub(super) fn written(&self) -> &[SalesforceId] {
        &self.written
    }

    /// Whether the answer to a write was lost.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Whether a write was held back because this is a dry run.
    pub(super) fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// The next read asks for columns again that the org did not have.
    pub(super) fn forget_missing(&self) {
        self.context.org.forget_missing();
    }

    /// Reads the rows of a table, all of them if they fit into one answer; meant for a few.
    pub(super) async fn read<R: Row>(&mut self, table: &Table) -> Result<Vec<R>, Trouble> {
        self.calls += 1;
        let batch = self
            .context
            .org
            .read::<R>(table, None)
            .await
            .map_err(Trouble::Salesforce)?;
        self.quota = batch.quota.or(self.quota);
        Ok(batch.rows.collect())
    }

    /// Reads the rows of one query.
    pub(super) async fn query<T: DeserializeOwned>(
        &mut self,
        select: &Select,
    ) -> Result<Vec<T>, Trouble> {
        let answer = self.context.org.client.query::<T>(select).await;
        Ok(self.take(answer).map_err(Trouble::Salesforce)?.records)
    }

    /// Reads the answers to some queries in one call, in the order of the queries.
    pub(super) async fn ask<const N: usize>(
        &mut self,
        selects: [Select; N],
    ) -> Result<Answers, Trouble> {
        let numbered = selects.iter().enumerate();
        let requests = numbered.map(|(n, select)| Subrequest::select(select, format!("q{n}")));
        let requests: Vec<_> = requests
            .collect::<Result<_, _>>()
            .map_err(Trouble::Salesforce)?;
        let answer = self.context.org.client.composite(&requests, false).await;
        Ok(Answers(self.take(answer).map_err(Trouble::Salesforce)?))
    }

    /// Makes a change, and comes back only when it is known what became of it, or with an error
    /// that makes the host ask again.
    pub(super) async fn carry_out(&mut self, change: &Change) -> Result<(), Trouble> {
        if self.context.options.dry_run {
            self.is_dry_run = true;
            let text = format!("dry run: would send {change}; nothing was sent");
            return Err(Error::precondition(text).with_quota(self.quota).into());
        }
        let mut last = None;
        for _ in 0..SENDS {
            match self.send(change).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_ambiguous() => {
                    self.is_unsure = true;
                    if self.is_done(change).await? {
                        self.is_unsure = false;
                        self.note(change, None);
                        return Ok(());
                    }
                    last = Some(error);
                }
                Err(error) => return Err(self.refused(error)),
            }
        }
        self.is_unsure = false;
        let text = "Salesforce did not answer twice, and the change was not made; it may be \
                    asked for again";
        let error = Error::new(Kind::Unavailable, text).with_quota(self.quota);
        Err(match last {
            Some(last) => error.because(last),
            None => error,
        }
        .into())
    }

    fn refused(&mut self, error: salesforce::Error) -> Trouble {
        self.is_dry_run |= matches!(error, salesforce::Error::DryRun { .. });
        Trouble::Salesforce(error)
    }

    async fn send(&mut self, change: &Change) -> Result<(), salesforce::Error> {
        let client = &self.context.org.client;
        let object = FieldName::from(change.object);
        let created = match &change.verb {
            Verb::Create(fields) => {
                let answer = client.create(&object, fields).await;
                Some(self.take(answer)?)
            }
            Verb::Update(id, fields) => {
                let answer = client.update(&object, *id, fields).await;
                self.take(answer)?;
                None
            }
            Verb::Delete(id) => {
                let answer = client.delete(&object, *id).await;
                self.take(answer)?;
                None
            }
        };
        self.note(change, created);
        Ok(())
    }

    /// Whether the change is true of the org, whoever made it.
    async fn is_done(&mut self, change: &Change) -> Result<bool, Trouble> {
        let answer = self
            .context
            .org
            .client
            .query::<IdRow>(&change.truth.question())
            .await;
        match self.take(answer) {
            Ok(page) => Ok(change.truth.is_done(!page.records.is_empty())),
            Err(error) => {
                let doing = "the answer to a write was lost, and the org does not tell whether \
                             it was done";
                Err(wrap(doing, error).into())
            }
        }
    }

    fn note(&mut self, change: &Change, created: Option<SalesforceId>) {
        let id = match &change.verb {
            Verb::Create(_) => created,
            Verb::Update(id, _) | Verb::Delete(id) => Some(*id),
        };
        self.written
            .extend(id.filter(|id| !self.written.contains(id)));
    }

    /// Takes note of what a call cost.
    fn take<T>(
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
                self.calls += u32::from(is_sent(&error));
                self.quota = error.quota().map(quota).or(self.quota);
                Err(error)
            }
        }
    }
}

fn is_sent(error: &salesforce::Error) -> bool {
    use salesforce::Error as E;
    matches!(error, E::Api { .. } | E::Lost { .. } | E::Unreadable { .. })
}

/// The answers to several queries, in their order.
pub(super) struct Answers(Vec<SubResponse>);

impl Answers {
    /// The rows of the query with this number.
    pub(super) fn rows<T: DeserializeOwned>(
        &mut self,
        number: usize,
        name: &'static str,
    ) -> Result<Vec<T>, Trouble> {
        let reference = format!("q{number}");
        let place = self
            .0
            .iter()
            .position(|answer| answer.reference_id == reference);
        let Some(place) = place else {
            return Err(Error::internal("Salesforce left a query of a composite out").into());
        };
        let answer = self.0.swap_remove(place);
        let page: QueryPage<T> = answer.decode(name).map_err(Trouble::Salesforce)?;
        Ok(page.records)
    }
}
