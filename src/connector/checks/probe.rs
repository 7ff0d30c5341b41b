//! Asks an org small questions: queries, five of them in one API call.

use serde_json::Value;

use crate::salesforce::composite::Subrequest;
use crate::salesforce::soql::Select;
use crate::salesforce::{Client, Error, QueryPage, Quota, Result};

/// Queries that Salesforce takes in one composite call.
pub(super) const QUERIES: usize = 5;

/// A record as Salesforce sends it.
pub(super) type Record = serde_json::Map<String, Value>;

/// The answers to some queries, in their order.
pub(super) struct Answers {
    pub(super) answers: Vec<Result<Vec<Record>>>,
    pub(super) quota: Option<Quota>,
}

/// Asks up to five queries in one call. If the host has no composite resource, as behind some
/// gateways, it asks one by one, in at most `calls` calls more; the others stay unasked.
pub(super) async fn ask(client: &Client, selects: &[Select], calls: u64) -> Result<Answers> {
    match together(client, selects).await {
        Err(error) if error.api().is_some_and(|answer| answer.status() == 404) => {
            Ok(one_by_one(client, selects, calls).await)
        }
        outcome => outcome,
    }
}

async fn one_by_one(client: &Client, selects: &[Select], calls: u64) -> Answers {
    let mut answers = Vec::new();
    let mut quota = None;
    for (select, number) in selects.iter().zip(0..) {
        if number >= calls {
            answers.push(Err(Error::Invalid(UNASKED)));
            continue;
        }
        let answer = client.query::<Record>(select).await;
        answers.push(answer.map(|answer| {
            quota = answer.quota.or(quota.take());
            answer.value.records
        }));
    }
    Answers { answers, quota }
}

const UNASKED: &str =
    "the host has no composite resource, and asking further would cost more calls";

async fn together(client: &Client, selects: &[Select]) -> Result<Answers> {
    let named = selects.iter().enumerate();
    let requests: Vec<_> = named
        .map(|(number, select)| Subrequest::select(select, format!("q{number}")))
        .collect::<Result<_>>()?;
    let answer = client.composite(&requests, false).await?;
    let (quota, mut responses) = (answer.quota, answer.value);
    let one = |number: usize| {
        let name = format!("q{number}");
        let place = responses
            .iter()
            .position(|response| response.reference_id == name);
        let Some(place) = place else {
            return Err(Error::Invalid("Salesforce left a query out"));
        };
        let page = responses
            .swap_remove(place)
            .decode::<QueryPage<Record>>("ask a query");
        page.map(|page| page.records)
    };
    let answers = (0..selects.len()).map(one).collect();
    Ok(Answers { answers, quota })
}

/// The text of a column, which may be a path to a parent: `Profile.Name`.
pub(super) fn text(record: &Record, path: &str) -> Option<String> {
    value(record, path)?.as_str().map(str::to_owned)
}

/// The flag of a column, which may be a path to a parent.
pub(super) fn flag(record: &Record, path: &str) -> Option<bool> {
    value(record, path)?.as_bool()
}

fn value<'a>(record: &'a Record, path: &str) -> Option<&'a Value> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let value = record.get(first)?;
    match rest {
        Some(rest) => self::value(value.as_object()?, rest),
        None => Some(value),
    }
}
