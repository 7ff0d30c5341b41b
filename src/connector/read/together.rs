//! Pages of queries, up to five in one API call.
//!
//! Salesforce answers a composite request that holds up to five queries as one call
//! ([REST API guide, Composite](https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm)).
//! Nothing relies on it: what does not come like this is asked for page by page.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use crate::salesforce::composite::{Asked, MAX_QUERIES, Question};
use crate::salesforce::{Client, Error, PageText, Response};
use crate::trace;

/// Pages in one call.
pub(super) const TOGETHER: usize = MAX_QUERIES;

const NOT_ASKED: Error = Error::Invalid("a page before this one could not be read");

/// Whether several pages may come in one call.
#[derive(Default)]
pub(super) struct Together {
    is_refused: AtomicBool,
}

impl Together {
    /// The answers to at most [`TOGETHER`] questions, in their order, each with its part of the
    /// costs.
    pub(super) async fn answers(
        &self,
        client: &Client,
        questions: &[Question<'_>],
    ) -> Vec<Result<Response<PageText>, Error>> {
        if questions.len() > 1 && !self.is_refused.load(Ordering::Relaxed) {
            match Box::pin(client.query_together(questions)).await {
                Ok(answer) => {
                    let answers = shared(answer);
                    if !are_refused_pages(questions, &answers) {
                        return answers;
                    }
                    // The org has forgotten the query, or it hands out such pages only alone.
                    let answers = one_by_one(client, questions).await;
                    if answers.first().is_some_and(Result::is_ok) {
                        self.refuse();
                    }
                    return answers;
                }
                Err(error) if is_refusal(&error) => {
                    debug!(%error, "several pages in one call do not work");
                    self.refuse();
                }
                // Asking one by one would meet the same trouble.
                Err(error) => return none_of(questions, error),
            }
        }
        one_by_one(client, questions).await
    }

    fn refuse(&self) {
        self.is_refused.store(true, Ordering::Relaxed);
    }

    /// Forgets that it did not work: it may by now.
    pub(super) fn forget(&self) {
        self.is_refused.store(false, Ordering::Relaxed);
    }
}

/// Each question in a call of its own. Statements are asked in their order, because who asks relies on
/// it; pages come side by side, unless the first one is refused.
async fn one_by_one(
    client: &Client,
    questions: &[Question<'_>],
) -> Vec<Result<Response<PageText>, Error>> {
    let Some((first, others)) = questions.split_first() else {
        return Vec::new();
    };
    let mut answers = vec![alone(client, first).await.unwrap_or_else(stopped)];
    if questions.iter().any(Question::is_first_page) {
        for other in others {
            answers.push(alone(client, other).await.unwrap_or_else(stopped));
        }
        return answers;
    }
    if answers.iter().all(Result::is_ok) {
        let coming: Vec<_> = others.iter().map(|other| alone(client, other)).collect();
        for answer in coming {
            answers.push(answer.await.unwrap_or_else(stopped));
        }
    }
    answers.resize_with(questions.len(), || Err(NOT_ASKED));
    answers
}

/// Whether all questions are for pages, and all are refused.
fn are_refused_pages(
    questions: &[Question<'_>],
    answers: &[Result<Response<PageText>, Error>],
) -> bool {
    let refused = |answer: &Result<_, Error>| answer.as_ref().is_err_and(is_refusal);
    !questions.iter().any(Question::is_first_page) && answers.iter().all(refused)
}

/// Each answer. The first one has the costs, and all have what is left of the day's calls: nobody knows
/// which one is used first.
fn shared(
    answer: Response<Vec<Result<PageText, Error>>>,
) -> Vec<Result<Response<PageText>, Error>> {
    let (quota, mut calls) = (answer.quota, answer.calls);
    let pages = answer.value.into_iter();
    let alone = pages.map(|page| {
        page.map(|value| Response {
            value,
            quota: quota.clone(),
            calls: std::mem::take(&mut calls),
        })
    });
    alone.collect()
}

fn none_of(questions: &[Question<'_>], error: Error) -> Vec<Result<Response<PageText>, Error>> {
    let mut answers = vec![Err(error)];
    answers.resize_with(questions.len(), || Err(NOT_ASKED));
    answers
}

/// Whether the server refuses such requests, or its answers cannot be used: it will do so again.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Api { .. } => !error.is_transient(true) && !error.is_daily_limit(),
        Error::Unreadable { .. } => true,
        _ => false,
    }
}

/// Asks in a task of its own, so that several come side by side.
fn alone(
    client: &Client,
    question: &Question<'_>,
) -> AbortOnDropHandle<Result<Response<PageText>, Error>> {
    let (client, object) = (client.clone(), question.object.to_owned());
    let page = match question.page {
        Asked::First(soql) => Err(soql.to_owned()),
        Asked::Next(locator) => Ok(locator.clone()),
    };
    let answer = async move {
        match page {
            Ok(locator) => client.query_next(&object, &locator).await,
            Err(soql) => client.query_text(&object, soql).await,
        }
    };
    AbortOnDropHandle::new(tokio::spawn(trace::carried(answer)))
}

fn stopped<T>(_: JoinError) -> Result<T, Error> {
    Err(Error::Invalid("reading a page was stopped"))
}
