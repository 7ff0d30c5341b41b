//! Examines an org step by step for the command `doctor`: the connection, the session, the org, the
//! user, and each capability. At most ten requests, and nothing is written.
//!
//! A step that fails ends the examination; what follows is reported as not reached.

use super::capability::Capability;
use super::expiry;
use super::halt::Halt;
use super::network::{self, not_reached};
use super::permission::API_ENABLED;
use super::probe::{Answers, QUERIES, Record, ask, flag, text};
use super::rights::{Rights, Source};
use super::sign_in::SignIn;
use super::table::CAPABILITIES;
use super::verdict::Findings;
use crate::causes::chain;
use crate::doctor::{Check, Report, State, Weight};
use crate::salesforce::client::{Organization, Version};
use crate::salesforce::instance::address;
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{ApiVersion, Client, Error, Quota, SalesforceId};

/// Requests that one examination may take.
const REQUESTS: u64 = 10;

/// Examines the org that `client` is configured for.
pub async fn examine(client: &Client, sign_in: SignIn) -> Report {
    let examination = Examination {
        client,
        sign_in,
        report: Report::default(),
        quota: None,
        sent_before: client.calls_sent(),
    };
    examination.run().await.judged()
}

struct Examination<'a> {
    client: &'a Client,
    sign_in: SignIn,
    report: Report,
    quota: Option<Quota>,
    sent_before: u64,
}

impl Examination<'_> {
    async fn run(mut self) -> Report {
        self.configuration();
        let steps = async {
            let versions = self.reach().await?;
            self.sign_in().await?;
            let user = self.session(&versions).await?;
            self.look(user).await
        };
        if let Err(halt) = steps.await {
            self.give_up(&halt);
        }
        if let Some(quota) = &self.quota {
            self.report.org.calls_used = Some(quota.used);
            self.report.org.calls_allowed = Some(quota.limit);
        }
        self.report
    }

    fn note(&mut self, check: Check) {
        self.report.checks.push(check);
    }

    fn passed(&mut self, id: &'static str, seen: impl Into<Option<String>>) {
        let check = Check::new(id, State::Allowed).weighing(Weight::Vital);
        self.note(check.because(seen));
    }

    fn configuration(&mut self) {
        let host = address(self.client.instance().api());
        let version = self.client.api_version().to_string();
        self.passed(
            "connection.configuration",
            format!("{host}, API version {version}, {}", self.sign_in.words()),
        );
        self.report.org.instance_url = Some(host);
        self.report.org.api_version = Some(version);
    }

    /// Asks for the API versions, which needs no session: it shows whether the host can be reached.
    async fn reach(&mut self) -> Result<Vec<ApiVersion>, Halt> {
        let is_encrypted = self.client.instance().api().scheme() == "https";
        let reached = |seen: &str| network::reached(is_encrypted, seen);
        match self.client.versions().await {
            Ok(answer) => {
                let known = |one: &Version| one.version.parse::<ApiVersion>().ok();
                let versions: Vec<_> = answer.value.iter().filter_map(known).collect();
                let newest = versions.iter().max().map(ToString::to_string);
                let seen = match &newest {
                    Some(newest) => {
                        format!("Salesforce answers; its newest API version is {newest}")
                    }
                    None => "it answers, and lists no API version".to_owned(),
                };
                self.report.checks.extend(reached(&seen));
                self.report.org.api_version_newest = newest;
                Ok(versions)
            }
            Err(error) => {
                if let Some(checks) = network::ended(&error) {
                    self.report.checks.extend(checks);
                    return Err(Halt::unknown("the connection"));
                }
                let seen = format!(
                    "it answers, but not which versions it has: {}",
                    chain(&error)
                );
                self.report.checks.extend(reached(&seen));
                Ok(Vec::new())
            }
        }
    }

    async fn sign_in(&mut self) -> Result<(), Halt> {
        match self.client.login().await {
            Ok(host) => {
                self.passed("connection.sign_in", self.sign_in.words().to_owned());
                self.report.org.instance_url = Some(address(&host));
                Ok(())
            }
            Err(error) => {
                self.note(sign_in_failed(&error));
                Err(Halt::unknown("the sign-in"))
            }
        }
    }

    /// The first call with the session. It shows who is signed in.
    async fn session(&mut self, versions: &[ApiVersion]) -> Result<Option<SalesforceId>, Halt> {
        let version = self.client.api_version();
        if !versions.is_empty() && !versions.contains(&version) {
            self.note(Halt::version(version, versions));
            return Err(Halt::unknown("the API version"));
        }
        let user = match self.client.identity().await {
            Ok(answer) => {
                self.quota = answer.quota.or(self.quota.take());
                Some(answer.value.user)
            }
            Err(error) => {
                self.stop_if_fatal(&error)?;
                tracing::debug!(error = chain(&error), "who is signed in is not known");
                None
            }
        };
        self.passed("connection.session", None);
        self.passed("connection.api_version", version.to_string());
        self.report.user.id = user.map(|id| id.to_string());
        Ok(user)
    }

    /// Some refusals mean that no other call will work either.
    fn stop_if_fatal(&mut self, error: &Error) -> Result<(), Halt> {
        let Some((check, halt)) = Halt::of(error) else {
            return Ok(());
        };
        self.quota = error.quota().cloned().or(self.quota.take());
        self.note(check);
        Err(halt)
    }

    /// Reads the org, the user and its permissions, then tries the objects.
    async fn look(&mut self, user: Option<SalesforceId>) -> Result<(), Halt> {
        let mut findings = Findings::default();
        let source = match Source::find(self.client).await {
            Ok(source) => Some(source),
            Err(error) => {
                self.stop_if_fatal(&error)?;
                findings.rights_unknown = Some(chain(&error));
                None
            }
        };
        let select = source.as_ref().and_then(|source| source.select(user));
        if let (Some(source), Some(answer)) = (&source, self.org_and_user(user, select).await?) {
            match answer {
                Ok(rows) => findings.rights = Rights::read(source, &rows),
                Err(error) => findings.rights_unknown = Some(chain(&error)),
            }
        }
        self.permissions(source.as_ref(), &mut findings);
        self.objects(&mut findings).await;
        self.capabilities(&findings);
        Ok(())
    }

    /// One call: the org, the user, its licence, what belongs to the way to sign in, and the
    /// permissions, whose answer is returned.
    async fn org_and_user(
        &mut self,
        user: Option<SalesforceId>,
        rights: Option<Select>,
    ) -> Result<Option<Result<Vec<Record>, Error>>, Halt> {
        let of_sign_in = user.and_then(|user| expiry::of_sign_in(self.sign_in, user));
        let parts = [
            Some(Organization::select()),
            user.map(|user| user_by(user, &["Username", "Profile.Name"])),
            user.map(|user| user_by(user, &["Profile.UserLicense.Name"])),
            of_sign_in,
            rights,
        ];
        let selects: Vec<_> = parts.iter().flatten().cloned().collect();
        let asked = match self.ask(&selects).await {
            Ok(asked) => asked,
            Err(error) => {
                self.stop_if_fatal(&error)?;
                self.note(Check::new("connection.org", State::Unknown).because(chain(&error)));
                return Ok(None);
            }
        };
        self.quota = asked.quota.or(self.quota.take());
        let mut answers = asked.answers.into_iter();
        let [org, person, license, of_sign_in, rights] =
            parts.map(|part| part.and_then(|_| answers.next()));
        self.org(org);
        self.person(person, license);
        let rows = of_sign_in.and_then(Result::ok).unwrap_or_default();
        let expiring = expiry::sign_in_checks(self.sign_in, &rows);
        self.report.checks.extend(expiring);
        Ok(rights)
    }

    fn org(&mut self, answer: Option<Result<Vec<Record>, Error>>) {
        let row = match answer {
            Some(Ok(rows)) => rows.into_iter().next(),
            Some(Err(error)) => {
                let check = Check::new("connection.org", State::Unknown).because(chain(&error));
                return self.note(check);
            }
            None => None,
        };
        let row = row.unwrap_or_default();
        let org = &mut self.report.org;
        org.id = text(&row, "Id");
        org.name = text(&row, "Name");
        org.edition = text(&row, "OrganizationType");
        org.sandbox = flag(&row, "IsSandbox");
        let instance = text(&row, "InstanceName");
        self.passed(
            "connection.org",
            instance.map(|name| format!("instance {name}")),
        );
    }

    /// The licence is asked for apart, because a user may see it less often than itself.
    fn person(
        &mut self,
        person: Option<Result<Vec<Record>, Error>>,
        license: Option<Result<Vec<Record>, Error>>,
    ) {
        let first = |answer: Option<Result<Vec<Record>, Error>>| {
            let rows = answer.and_then(Result::ok).unwrap_or_default();
            rows.into_iter().next().unwrap_or_default()
        };
        let row = first(person);
        let user = &mut self.report.user;
        user.username = text(&row, "Username");
        user.profile = text(&row, "Profile.Name");
        user.license = text(&first(license), "Profile.UserLicense.Name");
    }

    fn permissions(&mut self, source: Option<&Source>, findings: &mut Findings) {
        const ID: &str = "connection.permissions";
        if findings.rights.is_empty() {
            let why = findings.rights_unknown.get_or_insert_with(|| {
                "the org does not show the permissions of the user".to_owned()
            });
            let check = Check::new(ID, State::Unknown).because(why.clone());
            return self.note(check);
        }
        let seen = match source {
            Some(Source::OwnSets(_)) => {
                "added up from the permission sets of the user, of which the profile's is one"
            }
            _ => {
                "from UserPermissionAccess, which Salesforce caches: a change of permissions may \
                 show some minutes later"
            }
        };
        self.note(Check::new(ID, State::Allowed).because(seen.to_owned()));
    }

    /// Reads one row of each object, and the end of the trial. Requests that are not left stay
    /// unsent, and their objects unknown.
    async fn objects(&mut self, findings: &mut Findings) {
        let mut names: Vec<&'static str> = Vec::new();
        for name in CAPABILITIES.iter().flat_map(|one| one.objects) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let one_row = |name: &&'static str| Select::from(*name).field("Id").limit(1);
        let mut selects: Vec<_> = names.iter().map(one_row).collect();
        selects.push(expiry::trial());
        let mut answers = Vec::new();
        for some in selects.chunks(QUERIES) {
            if self.calls_left() == 0 {
                break;
            }
            match self.ask(some).await {
                Ok(asked) => {
                    self.quota = asked.quota.or(self.quota.take());
                    answers.extend(asked.answers.into_iter().map(Some));
                }
                Err(error) => {
                    tracing::debug!(error = chain(&error), "some objects were not looked at");
                    answers.extend(some.iter().map(|_| None));
                }
            }
        }
        let trial = answers.get_mut(names.len()).and_then(Option::take);
        let trial = trial.and_then(Result::ok).unwrap_or_default();
        for (name, answer) in names.iter().zip(answers) {
            if let Some(answer) = answer {
                findings.objects.insert(name, answer.map(drop));
            }
        }
        self.note(looked_at(findings, names.len()));
        self.report.checks.extend(expiry::trial_check(&trial));
    }

    async fn ask(&self, selects: &[Select]) -> Result<Answers, Error> {
        let more = self.calls_left().saturating_sub(1);
        ask(self.client, selects, more).await
    }

    fn calls_left(&self) -> u64 {
        REQUESTS.saturating_sub(self.client.calls_sent() - self.sent_before)
    }

    fn capabilities(&mut self, findings: &Findings) {
        for capability in CAPABILITIES {
            let check = findings.check(capability);
            let is_vital = capability.id == "read.user" && findings.is_refused("User");
            self.note(if is_vital {
                check.weighing(Weight::Vital)
            } else {
                check
            });
        }
    }

    /// What follows an halt is not reached.
    fn give_up(&mut self, halt: &Halt) {
        const STEPS: [&str; 5] = [
            "connection.sign_in",
            "connection.session",
            "connection.api_version",
            "connection.org",
            "connection.permissions",
        ];
        for id in STEPS {
            if !self.report.checks.iter().any(|check| check.id == id) {
                self.note(not_reached(id, &halt.step));
            }
        }
        for capability in CAPABILITIES {
            self.note(blocked(capability, halt));
        }
    }
}

/// How many of the objects were seen. Each capability says what a missing one means.
fn looked_at(findings: &Findings, all: usize) -> Check {
    let found = findings.objects.values();
    let readable = found.filter(|found| found.is_ok()).count();
    let state = if readable == 0 {
        State::Unknown
    } else {
        State::Allowed
    };
    Check::new("connection.objects", state)
        .weighing(Weight::Note)
        .because(format!("{readable} of {all} objects can be read"))
}

fn blocked(capability: &Capability, halt: &Halt) -> Check {
    let check = not_reached(capability.id, &halt.step);
    match halt.state {
        State::Denied => Check {
            state: State::Denied,
            ..check
        }
        .permission(API_ENABLED.label),
        state => Check { state, ..check },
    }
}

fn sign_in_failed(error: &Error) -> Check {
    let check = Check::new("connection.sign_in", State::Denied).weighing(Weight::Vital);
    if let Some(obstacle) = error.obstacle() {
        let cause = format!("the login host cannot be reached: {}", obstacle.cause());
        return check.because(cause).fix(obstacle.remedy());
    }
    // A refusal says what happened and, after a semicolon, what to do.
    let refusal = match error {
        Error::Auth(refused) => refused.to_string(),
        other => chain(other),
    };
    match refusal.split_once("; ") {
        Some((cause, remedy)) => check.because(cause.to_owned()).fix(remedy),
        None => check.because(refusal),
    }
}

fn user_by(id: SalesforceId, fields: &[&'static str]) -> Select {
    Select::from("User")
        .fields(fields)
        .filter(field("Id").eq(id))
        .limit(1)
}
