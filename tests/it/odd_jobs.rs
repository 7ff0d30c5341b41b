//! Query jobs of a server that is no org of ours: what its guide leaves open may be in any way.

use std::fmt::Write as _;
use std::sync::Mutex;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector::resources_service_client::ResourcesServiceClient;
use serde_json::{Value as Json, json};
use test_case::test_case;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::harness::{Setup, serve_at};
use crate::odd_answers::roles;

/// The rows of the table, those of its first page, and those of a page of a result.
const ROWS: usize = 2_600;
const FIRST: usize = 500;
const PAGE: usize = 300;
const JOB: &str = "750000000000001";

/// What a server does in its own way.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
struct Habits {
    delimiter: (&'static str, &'static str),
    line_end: &'static str,
    is_quoted: bool,
    ends_last_line: bool,
    counts_rows: bool,
    repeats_header: bool,
    /// How the link to the next list of pages is called; without lists, none.
    next_list: Option<&'static str>,
    has_locators: bool,
    state: &'static str,
    counts_job: bool,
}

const USUAL: Habits = Habits {
    delimiter: ("COMMA", ","),
    line_end: "\n",
    is_quoted: true,
    ends_last_line: true,
    counts_rows: true,
    repeats_header: true,
    next_list: Some("nextRecordsUrl"),
    has_locators: true,
    state: "JobComplete",
    counts_job: true,
};

/// An org with roles and nothing else.
struct Server {
    url: String,
    habits: Habits,
    /// What the job's query asks for.
    columns: Mutex<Vec<String>>,
}

fn id(number: usize) -> String {
    format!("00E{number:012}")
}

fn name(number: usize) -> String {
    format!("Role {number}, \"the\" role")
}

impl Server {
    fn first_page(soql: &str) -> ResponseTemplate {
        // A table that is read again by ids begins behind one of them.
        let begin = soql.split_once("Id > '00E").map_or(0, |(_, rest)| {
            let digits: String = rest.chars().take(12).collect();
            digits.parse::<usize>().unwrap() + 1
        });
        let end = ROWS.min(begin + FIRST);
        let row = |number| json!({ "Id": id(number), "Name": name(number) });
        let rows: Vec<Json> = (begin..end).map(row).collect();
        let page = json!({ "totalSize": ROWS - begin, "done": end == ROWS, "records": rows });
        ResponseTemplate::new(200).set_body_json(page)
    }

    fn job(&self) -> ResponseTemplate {
        let mut job = json!({ "id": JOB, "operation": "query", "object": "UserRole",
            "state": self.habits.state, "columnDelimiter": self.habits.delimiter.0 });
        if self.habits.counts_job {
            job["numberRecordsProcessed"] = json!(ROWS - FIRST);
        }
        ResponseTemplate::new(200).set_body_json(job)
    }

    /// Five pages from the row `from` on, and where the next ones are listed.
    fn list(&self, from: usize) -> ResponseTemplate {
        let Some(spelling) = self.habits.next_list else {
            let error = json!([{ "errorCode": "NOT_FOUND", "message": "no such resource" }]);
            return ResponseTemplate::new(404).set_body_json(error);
        };
        let begins = (from..ROWS).step_by(PAGE);
        let base = format!("{}/services/data/v67.0/jobs/query/{JOB}", self.url);
        let page = |row| json!({ "resultUrl": format!("{base}/results?locator={row}") });
        let pages: Vec<Json> = begins.take(5).map(page).collect();
        let next = from + 5 * PAGE;
        let mut list = json!({ "resultPages": pages, "done": next >= ROWS });
        if next < ROWS {
            list[spelling] = json!(format!("{base}/resultPages?locator={next}"));
        }
        ResponseTemplate::new(200).set_body_json(list)
    }

    fn results(&self, from: usize, rows: usize) -> ResponseTemplate {
        let Habits {
            delimiter,
            line_end,
            is_quoted,
            ..
        } = self.habits;
        let quoted = |text: String| {
            if is_quoted {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.replace([',', '"'], "")
            }
        };
        let columns = self.columns.lock().unwrap();
        let mut text = String::new();
        let mut line = |cell: &dyn Fn(&str) -> String| {
            // In another order than was asked for.
            let cells = columns.iter().rev().map(|column| quoted(cell(column)));
            let cells: Vec<_> = cells.collect();
            write!(text, "{}{line_end}", cells.join(delimiter.1)).unwrap();
        };
        if from == FIRST || self.habits.repeats_header {
            line(&str::to_owned);
        }
        let end = ROWS.min(from + rows);
        for number in from..end {
            line(&|column| match column {
                "Id" => id(number),
                "Name" => name(number),
                _ => String::new(),
            });
        }
        if !self.habits.ends_last_line {
            text.truncate(text.len() - line_end.len());
        }
        let mut answer = ResponseTemplate::new(200).set_body_raw(text, "text/csv");
        if self.habits.counts_rows {
            let rows = (end - from).to_string();
            answer = answer.insert_header("Sforce-NumberOfRecords", rows.as_str());
        }
        if self.habits.has_locators {
            let next = if end < ROWS {
                end.to_string()
            } else {
                "null".to_owned()
            };
            answer = answer.insert_header("Sforce-Locator", next.as_str());
        }
        answer
    }
}

impl Respond for Server {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let parameter = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let number = |name: &str| parameter(name).and_then(|text| text.parse().ok());
        let path = request.url.path();
        let method = request.method.as_str();
        let jobs = path.split_once("/jobs/query").map(|(_, rest)| rest);
        let below = jobs.and_then(|rest| rest.strip_prefix(&format!("/{JOB}")));
        match (method, below) {
            ("GET", Some("")) => self.job(),
            ("DELETE", Some("")) => ResponseTemplate::new(204),
            ("GET", Some("/resultPages")) => self.list(number("locator").unwrap_or(FIRST)),
            ("GET", Some("/results")) => {
                let rows = number("maxRecords").unwrap_or(PAGE);
                self.results(number("locator").unwrap_or(FIRST), rows)
            }
            ("POST", None) if jobs.is_some() => {
                let job: Json = serde_json::from_slice(&request.body).unwrap();
                let soql = job["query"].as_str().unwrap();
                let list = soql.strip_prefix("SELECT ").unwrap();
                let (list, _) = list.split_once(" FROM ").unwrap();
                let columns = list.split(", ").map(str::to_owned);
                *self.columns.lock().unwrap() = columns.collect();
                self.job()
            }
            ("POST", None) if path == "/services/oauth2/token" => {
                let session = json!({ "access_token": "00D!x", "token_type": "Bearer",
                    "instance_url": self.url });
                ResponseTemplate::new(200).set_body_json(session)
            }
            ("GET", None) if path.ends_with("/describe") => {
                let fields =
                    json!([{ "name": "Id", "type": "id" }, { "name": "Name", "type": "string" }]);
                let described = json!({ "name": "UserRole", "fields": fields });
                ResponseTemplate::new(200).set_body_json(described)
            }
            _ => Self::first_page(&parameter("q").unwrap()),
        }
    }
}

/// Whether jobs read the roles of such a server, or pages of queries do; no role is lost.
#[test_case(USUAL, true; "as usual")]
#[test_case(Habits { delimiter: ("PIPE", "|"), ..USUAL }, true; "another delimiter")]
#[test_case(Habits { line_end: "\r\n", ..USUAL }, true; "line ends of two characters")]
#[test_case(Habits { is_quoted: false, ..USUAL }, true; "without quotes")]
#[test_case(Habits { ends_last_line: false, ..USUAL }, true; "the last line does not end")]
#[test_case(Habits { counts_rows: false, counts_job: false, ..USUAL }, true; "nothing is counted")]
#[test_case(Habits { counts_rows: false, is_quoted: false, ends_last_line: false, ..USUAL }, false; "a page that may be cut")]
#[test_case(Habits { repeats_header: false, ..USUAL }, true; "one header for all pages")]
#[test_case(Habits { next_list: Some("nextRecordUrl"), has_locators: false, ..USUAL }, true; "lists under the other name")]
#[test_case(Habits { next_list: None, ..USUAL }, true; "no lists")]
#[test_case(Habits { next_list: None, has_locators: false, ..USUAL }, false; "nothing tells where the pages are")]
#[test_case(Habits { state: "Aborted", ..USUAL }, false; "somebody stops the job")]
#[tokio::test]
async fn jobs_of_other_servers_lose_no_row(habits: Habits, works: bool) {
    let server = MockServer::start().await;
    let org = Server {
        url: server.uri(),
        habits,
        columns: Mutex::default(),
    };
    Mock::given(any()).respond_with(org).mount(&server).await;
    let end = CancellationToken::new();
    let setup = Setup {
        options: Options {
            bulk_threshold: Some(1_000),
            ..Options::default()
        },
        ..Setup::default()
    };
    let channel = serve_at(&server.uri(), &setup, end.clone()).await;
    let _end = end.drop_guard();
    let mut found = roles(ResourcesServiceClient::new(channel)).await;
    let received = server.received_requests().await.unwrap();
    let queries = received
        .iter()
        .filter(|call| call.url.path().ends_with("/query"));
    let queries = queries.filter(|call| call.method.as_str() == "GET").count();
    assert_eq!(queries == 1, works, "{queries} queries");
    if works {
        assert_eq!(found.len(), ROWS, "a row came twice");
    }
    found.sort();
    found.dedup();
    let expected: Vec<String> = (0..ROWS).map(id).collect();
    assert!(found == expected, "{} of {ROWS} rows", found.len());
}
