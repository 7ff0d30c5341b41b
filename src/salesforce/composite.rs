//! Several records or several requests in one API call.
//!
//! Callers split collections to the size that Salesforce allows, so each method is one API call.
//! Must not know: why records or requests belong together.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    client::Client,
    error::{ApiError, Error, Flaw, Operation, Result},
    id::SalesforceId,
    json_text::JsonText,
    query::{Locator, PageText},
    transport::{FromBody, Request, Response, decode},
};

pub use super::save_result::SaveResult;

/// Records per collection call.
pub const MAX_RECORDS: usize = 200;
/// Requests per composite call.
pub const MAX_SUBREQUESTS: usize = 25;
/// Queries among them, and pages of queries.
pub const MAX_QUERIES: usize = 5;

const TOO_MANY: Error = Error::Invalid("more items than one call may have");

/// A record with the name of its object, as collections need it.
#[derive(Clone, Debug, Serialize)]
pub struct Record<T> {
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SalesforceId>,
    #[serde(flatten)]
    fields: T,
}

#[derive(Clone, Debug, Serialize)]
struct Attributes {
    #[serde(rename = "type")]
    object: Cow<'static, str>,
}

impl<T> Record<T> {
    /// A record to create.
    #[must_use]
    pub fn new(object: impl Into<Cow<'static, str>>, fields: T) -> Self {
        Self {
            attributes: Attributes {
                object: object.into(),
            },
            id: None,
            fields,
        }
    }

    /// Changes to an existing record.
    #[must_use]
    pub fn existing(object: impl Into<Cow<'static, str>>, id: SalesforceId, fields: T) -> Self {
        Self {
            attributes: Attributes {
                object: object.into(),
            },
            id: Some(id),
            fields,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'a, T> {
    all_or_none: bool,
    records: &'a [Record<T>],
}

/// A subrequest of a composite request.
#[derive(Clone, Debug)]
#[must_use]
pub struct Subrequest {
    method: Method,
    /// Below the API version, or from the root of the server on.
    path: String,
    query: Vec<(&'static str, String)>,
    reference_id: String,
    body: Option<Value>,
}

impl Subrequest {
    /// `path` is below the API version, such as `sobjects/User`; `reference_id` names it for
    /// `@{reference_id.field}` in later ones.
    pub fn new(method: Method, path: impl Into<String>, reference_id: impl Into<String>) -> Self {
        let (path, reference_id) = (path.into(), reference_id.into());
        Self {
            method,
            path,
            query: Vec::new(),
            reference_id,
            body: None,
        }
    }

    /// A query. Salesforce allows [`MAX_QUERIES`] in one composite request, which counts as one API
    /// call.
    pub fn select(select: &super::soql::Select, reference_id: impl Into<String>) -> Result<Self> {
        let soql = select.to_soql().map_err(Error::Soql)?;
        let mut request = Self::new(Method::GET, "query", reference_id);
        request.query.push(("q", soql));
        Ok(request)
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_value(body)
            .map_err(|_| Error::Invalid("the body cannot be written as JSON"))?;
        self.body = Some(body);
        Ok(self)
    }

    fn to_json(&self, version: super::api_version::ApiVersion) -> Value {
        let mut url = if self.path.starts_with('/') {
            self.path.clone()
        } else {
            format!("/services/data/v{version}/{}", self.path)
        };
        if !self.query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&self.query)
                .finish();
            url = format!("{url}?{query}");
        }
        let mut request = serde_json::json!({
            "method": self.method.as_str(), "url": url, "referenceId": self.reference_id,
        });
        if let (Some(body), Some(fields)) = (&self.body, request.as_object_mut()) {
            fields.insert("body".to_owned(), body.clone());
        }
        request
    }
}

/// Result of a subrequest of a composite request.
#[derive(Clone)]
#[non_exhaustive]
pub struct SubResponse {
    /// The subrequest's name.
    pub reference_id: String,
    /// Its HTTP status.
    pub status: u16,
    body: Option<JsonText>,
}

impl std::fmt::Debug for SubResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubResponse")
            .field("reference_id", &self.reference_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl SubResponse {
    /// The value, or the refusal as an [`Error`].
    pub fn decode<T: DeserializeOwned>(self, name: &'static str) -> Result<T> {
        let operation = Operation::new(name, true);
        let status = self.status;
        let body = self.accepted(&operation)?;
        let body = body.as_ref().map_or("null", JsonText::get);
        serde_json::from_str(body).map_err(|error| {
            let flaw = Flaw::Shape {
                line: error.line(),
                column: error.column(),
            };
            Error::unreadable(operation, status, flaw)
        })
    }

    /// The page of a query of `object`, or the refusal.
    pub fn page(self, object: &str) -> Result<PageText> {
        let operation = Operation::new(format!("query {object}"), false);
        let status = self.status;
        let body = self.accepted(&operation)?;
        let truncated = || Error::unreadable(operation, status, Flaw::Truncated);
        body.and_then(PageText::new).ok_or_else(truncated)
    }

    fn accepted(self, operation: &Operation) -> Result<Option<JsonText>> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let body = self.body.as_ref().map_or("null", JsonText::get);
        let answer = ApiError::new(self.status.into(), body.as_bytes(), None);
        Err(Error::refused(operation.clone(), answer))
    }
}

/// One of several pages that are asked for in one call.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The object that is queried.
    pub object: &'a str,
    /// Which page.
    pub page: Asked<'a>,
}

/// A page of a query.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// The first one of this SOQL statement.
    First(&'a str),
    /// The one at this place.
    Next(&'a Locator),
}

impl Question<'_> {
    /// Whether it is a statement, not a further page of one.
    #[must_use]
    pub fn is_first_page(&self) -> bool {
        matches!(self.page, Asked::First(_))
    }

    fn subrequest(&self, number: usize) -> Result<Subrequest> {
        let mut request = Subrequest::new(Method::GET, "query", reference(number));
        match self.page {
            Asked::First(soql) => request.query.push(("q", soql.to_owned())),
            Asked::Next(locator) => locator.path()?.clone_into(&mut request.path),
        }
        Ok(request)
    }
}

fn reference(number: usize) -> String {
    format!("q{number}")
}

struct CompositeAnswer(Vec<SubResponse>);

impl FromBody for CompositeAnswer {
    fn from_body(body: Bytes) -> std::result::Result<Self, Flaw> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow, rename = "compositeResponse")]
            responses: Vec<Part<'a>>,
        }
        #[derive(Deserialize)]
        struct Part<'a> {
            #[serde(rename = "referenceId")]
            reference_id: String,
            #[serde(rename = "httpStatusCode")]
            status: u16,
            #[serde(borrow, default)]
            body: Option<&'a RawValue>,
        }

        let answer: Answer<'_> = decode(&body)?;
        let responses = answer.responses.into_iter().map(|part| SubResponse {
            reference_id: part.reference_id,
            status: part.status,
            body: part.body.map(|value| JsonText::part(&body, value)),
        });
        Ok(Self(responses.collect()))
    }
}

impl Client {
    /// Creates up to [`MAX_RECORDS`] records. The results have the same order.
    pub async fn create_many<T: Serialize + Sync>(
        &self,
        records: &[Record<T>],
        all_or_none: bool,
    ) -> Result<Response<Vec<SaveResult>>> {
        self.save_many(
            Request::post("composite/sobjects", "create records").of_several(),
            records,
            all_or_none,
        )
        .await
    }

    /// Updates up to [`MAX_RECORDS`] records. The results have the same order.
    pub async fn update_many<T: Serialize + Sync>(
        &self,
        records: &[Record<T>],
        all_or_none: bool,
    ) -> Result<Response<Vec<SaveResult>>> {
        self.save_many(
            Request::patch("composite/sobjects", "update records").of_several(),
            records,
            all_or_none,
        )
        .await
    }

    /// Deletes up to [`MAX_RECORDS`] records. The results have the same order.
    pub async fn delete_many(
        &self,
        ids: &[SalesforceId],
        all_or_none: bool,
    ) -> Result<Response<Vec<SaveResult>>> {
        if ids.len() > MAX_RECORDS {
            return Err(TOO_MANY);
        }
        let list: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let request = Request::delete("composite/sobjects", "delete records")
            .of_several()
            .query("ids", list.join(","))
            .query("allOrNone", all_or_none.to_string());
        matching(self.send(&request).await?, &request, ids.len())
    }

    /// Sends up to [`MAX_SUBREQUESTS`] requests as one API call. Retried only if all of them read.
    pub async fn composite(
        &self,
        requests: &[Subrequest],
        all_or_none: bool,
    ) -> Result<Response<Vec<SubResponse>>> {
        let options = serde_json::json!({ "allOrNone": all_or_none });
        self.run_composite(requests, options).await
    }

    async fn run_composite(
        &self,
        requests: &[Subrequest],
        mut body: Value,
    ) -> Result<Response<Vec<SubResponse>>> {
        if requests.len() > MAX_SUBREQUESTS {
            return Err(TOO_MANY);
        }
        let version = self.api_version();
        let list: Vec<_> = requests
            .iter()
            .map(|request| request.to_json(version))
            .collect();
        if let Some(body) = body.as_object_mut() {
            body.insert("compositeRequest".to_owned(), list.into());
        }
        let mut request = Request::post("composite", "run a composite")
            .of_several()
            .json(&body)?;
        if requests.iter().all(|request| request.method == Method::GET) {
            request = request.read_only();
        }
        let answer = self.send_kept::<CompositeAnswer>(&request).await?;
        Ok(answer.map(|answer| answer.0))
    }

    /// Asks for up to [`MAX_QUERIES`] pages as one API call, one after the other. The answers have the
    /// order of the questions; an error of its own costs only one of them.
    pub async fn query_together(
        &self,
        questions: &[Question<'_>],
    ) -> Result<Response<Vec<Result<PageText>>>> {
        if questions.len() > MAX_QUERIES {
            return Err(TOO_MANY);
        }
        let named = questions.iter().enumerate();
        let requests: Vec<_> = named
            .map(|(number, question)| question.subrequest(number))
            .collect::<Result<_>>()?;
        // Otherwise Salesforce chooses the order itself.
        let options = serde_json::json!({ "allOrNone": false, "collateSubrequests": false });
        let answer = self.run_composite(&requests, options).await?;
        Ok(answer.map(|mut answers| {
            let page = |(number, question): (usize, &Question<'_>)| {
                let name = reference(number);
                let is_it = |answer: &SubResponse| answer.reference_id == name;
                match answers.iter().position(is_it) {
                    Some(place) => answers.swap_remove(place).page(question.object),
                    None => Err(Error::Invalid("Salesforce left a query of a composite out")),
                }
            };
            questions.iter().enumerate().map(page).collect()
        }))
    }

    async fn save_many<T: Serialize + Sync>(
        &self,
        request: Request,
        records: &[Record<T>],
        all_or_none: bool,
    ) -> Result<Response<Vec<SaveResult>>> {
        if records.len() > MAX_RECORDS {
            return Err(TOO_MANY);
        }
        let request = request.json(&Collection {
            all_or_none,
            records,
        })?;
        matching(self.send(&request).await?, &request, records.len())
    }
}

/// If the number of results is wrong, it is unknown which result belongs to which record.
fn matching(
    answer: Response<Vec<SaveResult>>,
    request: &Request,
    expected: usize,
) -> Result<Response<Vec<SaveResult>>> {
    answer.try_map(|results| {
        if results.len() == expected {
            return Ok(results);
        }
        let operation = request.operation.clone();
        Err(Error::unreadable(operation, 200, Flaw::Truncated))
    })
}
