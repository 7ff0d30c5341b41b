//! Several records or several requests in one API call.
//!
//! Callers split collections to the size that Salesforce allows, so each method is one API call.
//! Must not know: why records or requests belong together.

use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    client::Client,
    error::{ApiError, Error, Flaw, Operation, Result},
    id::SalesforceId,
    transport::{Request, Response},
};

pub use super::save_result::SaveResult;

/// Records per collection call.
pub const MAX_RECORDS: usize = 200;
/// Requests per composite call.
pub const MAX_SUBREQUESTS: usize = 25;

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

    /// A query. Salesforce allows five in one composite request, which counts as one API call.
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
        let mut url = format!("/services/data/v{version}/{}", self.path);
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
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SubResponse {
    /// The subrequest's name.
    pub reference_id: String,
    /// Its HTTP status.
    #[serde(rename = "httpStatusCode")]
    pub status: u16,
    #[serde(default)]
    body: Value,
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
        if !(200..300).contains(&self.status) {
            let body = self.body.to_string();
            let answer = ApiError::new(self.status.into(), body.as_bytes(), None);
            return Err(Error::refused(operation, answer));
        }
        serde_json::from_value(self.body).map_err(|error| {
            let flaw = Flaw::Shape {
                line: error.line(),
                column: error.column(),
            };
            Error::unreadable(operation, self.status, flaw)
        })
    }
}

#[derive(Deserialize)]
struct CompositeAnswer {
    #[serde(rename = "compositeResponse")]
    responses: Vec<SubResponse>,
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
        if requests.len() > MAX_SUBREQUESTS {
            return Err(TOO_MANY);
        }
        let version = self.api_version();
        let list: Vec<_> = requests
            .iter()
            .map(|request| request.to_json(version))
            .collect();
        let body = serde_json::json!({ "allOrNone": all_or_none, "compositeRequest": list });
        let mut request = Request::post("composite", "run a composite")
            .of_several()
            .json(&body)?;
        if requests.iter().all(|request| request.method == Method::GET) {
            request = request.read_only();
        }
        let answer = self.send::<CompositeAnswer>(&request).await?;
        Ok(answer.map(|answer| answer.responses))
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
