//! Security insights (`--sync-security-insights`): who holds strong permissions and by which path,
//! and accounts that lie idle, are frozen, or are privileged without a federation identifier.
//!
//! First the assignments of what gives a strong permission are listed; those pages have no rows. Then
//! each user's findings follow, made of what the sync has read by now.

mod findings;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::assignment::strong_holdings::{ByUser, StrongHoldings, Wanted};
use super::assignment::{self, AssignmentRow};
use super::giver::Giver;
use super::login_states::LoginStates;
use super::strong_sets::StrongSets;
use super::user_facts::{self, FactsOfUsers, Known, UserFacts};
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    Call, Cursor, Entitlement, Grant, GrantScope, InsightDetails, Object, Page, PageRequest,
    Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, Trait, Value, Variant,
};
use crate::connector::error::{ReadError, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::{Listing, Reading};
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::Row as _;
use crate::salesforce::soql::field;
use crate::salesforce::{self, SalesforceId};
use findings::{Account, Found, Path, days_before};

static SECURITY_INSIGHT: ResourceType = ResourceType::without_grants(
    "security_insight",
    "Security Insight",
    "Something about an account that a reviewer should know: it holds strong permissions, lies idle, \
     is frozen but uses seats, or is privileged without a federation identifier",
    &[Trait::SecurityInsight],
);

const DOING: &str = "listing security insights";

/// Where the listing continues.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    /// Behind this assignment.
    Assignments(SalesforceId),
    /// At the first finding.
    Findings,
    /// Behind so many findings of this user.
    User { id: SalesforceId, given: usize },
}

impl Cursor for Position {}

/// Lists security insights.
pub(super) struct SecurityInsights {
    context: Arc<ReadContext>,
    assignments: Listing<AssignmentRow>,
}

/// What findings are made of.
struct Knowledge {
    strong: Arc<StrongSets>,
    states: Arc<LoginStates>,
    known: Known,
    now: Timestamp,
    dormant_before: Timestamp,
}

impl SecurityInsights {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        Self {
            context: Arc::clone(context),
            assignments: Listing::new(context, SECURITY_INSIGHT.id),
        }
    }

    /// One page of assignments, which has no rows for the host.
    async fn collect(
        &self,
        after: Option<SalesforceId>,
        page: &PageRequest,
        memory: &SyncMemory,
        strong: &StrongSets,
    ) -> Result<Page<Resource>> {
        let wanted = Wanted::strong(strong);
        let holdings = StrongHoldings::of(memory);
        let findings = || {
            let next = Position::Findings.to_token()?;
            Ok(PageFill::new(page).into_page(Some(next)))
        };
        if wanted.is_empty() {
            holdings.extend(None, Vec::new(), None);
            return findings();
        }
        let table = wanted.table(&self.context);
        let mut rows = Vec::new();
        let reading = Reading::new(&table, page, after);
        let read = self.assignments.read(reading, |row: AssignmentRow| {
            if wanted.has(&row) {
                rows.push(row);
            }
            Ok(None::<Resource>)
        });
        match read.await {
            Ok(read) => {
                holdings.extend(after.as_ref(), rows, read.next.as_ref());
                match read.next {
                    Some(_) => read.into_page_with(|after| Position::Assignments(after).to_token()),
                    None => findings(),
                }
            }
            Err(ReadError::Salesforce(error))
                if after.is_none() && assignment::is_left_out(memory, &error) =>
            {
                holdings.extend(None, Vec::new(), None);
                findings()
            }
            Err(error) => Err(error.in_listing(DOING)),
        }
    }

    /// One page of findings: those of the user `at`, save the first `given`, and of the users that
    /// follow.
    async fn findings(
        &self,
        at: Option<(SalesforceId, usize)>,
        page: &PageRequest,
        memory: &SyncMemory,
        strong: Arc<StrongSets>,
    ) -> Result<Page<Resource>> {
        let context = &self.context;
        let holdings = StrongHoldings::of(memory)
            .by_user(context, &strong)
            .await
            .map_err(failed)?;
        let users = FactsOfUsers::of(memory).all(context).await;
        let users: Arc<Snapshot<UserFacts>> = users.map_err(failed)?;
        let states = LoginStates::all(context, memory).await;
        let knowledge = self.knowledge(strong, states.map_err(failed)?);
        let mut fill = PageFill::new(page);
        let first = at.and_then(|(id, given)| Some((id, users.get(&id)?, given)));
        let after = at.map(|(id, _)| id);
        let others = users.after(after.as_ref()).iter();
        let others = others.map(|(id, facts)| (*id, facts, 0));
        for (id, facts, given) in first.into_iter().chain(others) {
            let found = knowledge.findings(id, facts, &holdings);
            for (number, found) in found.into_iter().enumerate().skip(given) {
                if fill.push(knowledge.resource(id, facts, found)?) {
                    let given = number + 1;
                    return Ok(fill.into_page(Some(Position::User { id, given }.to_token()?)));
                }
            }
        }
        Ok(fill.into_page(None))
    }

    fn knowledge(&self, strong: Arc<StrongSets>, states: Arc<LoginStates>) -> Knowledge {
        let now = Timestamp::now();
        Knowledge {
            strong,
            states,
            known: Known::of(&self.context),
            now,
            dormant_before: days_before(now, self.context.options.dormant_after_days),
        }
    }

    /// The findings of one user, outside a sync.
    async fn of_user(&self, id: SalesforceId) -> Result<Vec<Resource>, ReadError> {
        let context = &self.context;
        let memory = SyncMemory::default();
        let Some(facts) = user_facts::of_user(context, id)
            .await
            .map_err(read_failed)?
        else {
            return Ok(Vec::new());
        };
        let mut rows = Vec::new();
        let table = assignment::table_of_both(&context.options);
        let table = table.only(field("AssigneeId").eq(id));
        let read = context.org.read_all(&table, |row: AssignmentRow| {
            rows.push((row.id(), row));
        });
        match read.await {
            Err(error) if assignment::is_left_out(&memory, &error) => {}
            result => result.map_err(read_failed)?,
        }
        let rows = Arc::new(Snapshot::new(rows));
        let held = rows.iter().filter_map(|(_, row)| row.assigned());
        let profile = facts.profile.map(|id| (Giver::Profile, id));
        let givers = held.map(|(assigned, id)| (assigned.into(), id));
        let strong = StrongSets::some(context, &memory, givers.chain(profile)).await;
        let strong = strong.map_err(read_failed)?;
        let states = LoginStates::of(&context.org, id).await;
        let states = states.map_err(read_failed)?;
        let knowledge = self.knowledge(Arc::new(strong), states);
        let found = knowledge.findings(id, &facts, &ByUser::new(rows));
        let resources = found.into_iter();
        let resources = resources.map(|found| knowledge.resource(id, &facts, found));
        Ok(resources.collect::<Result<_>>()?)
    }
}

impl Knowledge {
    fn findings(&self, id: SalesforceId, facts: &UserFacts, holdings: &ByUser) -> Vec<Found> {
        let account = Account {
            facts,
            paths: self.paths(id, facts, holdings),
            is_frozen: self.states.frozen.contains(&id),
            known: self.known,
            dormant_before: self.dormant_before,
        };
        account.findings()
    }

    /// The profile first, then permission sets and groups by name.
    fn paths(&self, id: SalesforceId, facts: &UserFacts, holdings: &ByUser) -> Vec<Path> {
        let path = |giver, on: SalesforceId, row: Option<&AssignmentRow>| {
            let given = self.strong.get((giver, on))?;
            let name = given.name.as_deref().unwrap_or_default();
            Some(Path {
                giver,
                name: if name.is_empty() {
                    on.to_string()
                } else {
                    name.to_owned()
                },
                strength: given.strength,
                until: row.and_then(AssignmentRow::expires_at),
                in_session: row.is_some_and(AssignmentRow::needs_activation),
            })
        };
        let profile = facts.profile.and_then(|on| path(Giver::Profile, on, None));
        let held = holdings.of(id).filter_map(|row| {
            let (assigned, on) = row.assigned()?;
            path(assigned.into(), on, Some(row))
        });
        let mut held: Vec<Path> = held.collect();
        held.sort_by(|a, b| a.name.cmp(&b.name));
        profile.into_iter().chain(held).collect()
    }

    fn resource(&self, user: SalesforceId, facts: &UserFacts, found: Found) -> Result<Resource> {
        let (id, kind) = (user.to_string(), found.kind.name());
        let who = facts.address.as_deref().unwrap_or(&id);
        let can: Vec<String> = found
            .permissions
            .iter()
            .map(|permission| format!("{} ({})", permission.lets, permission.label))
            .collect();
        let labels: Vec<&str> = found.permissions.iter().map(|one| one.label).collect();
        let mut profile = Object::from([
            ("user_id".to_owned(), Value::from(id.as_str())),
            ("finding".to_owned(), Value::from(kind.as_str())),
        ]);
        if !labels.is_empty() {
            profile.insert("permissions".to_owned(), labels.into());
        }
        Ok(Resource {
            id: ResourceId::new(SECURITY_INSIGHT.id, format!("{id}:{kind}"))?,
            display_name: format!("{}: {who}", found.kind.title()),
            description: (!can.is_empty()).then(|| format!("Can {}.", can.join("; "))),
            variant: Variant::SecurityInsight(Box::new(InsightDetails {
                finding: found.finding,
                observed_at: self.today(),
                account: id.clone(),
                email: facts.address.as_deref().map(str::to_owned),
            })),
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }

    /// The day is enough, and so the rows of a day differ only if something has changed.
    fn today(&self) -> Timestamp {
        let day = self.now.to_zoned(TimeZone::UTC).start_of_day();
        day.map_or(self.now, |day| day.timestamp())
    }
}

#[async_trait]
impl ResourceSyncer for SecurityInsights {
    fn resource_type(&self) -> &ResourceType {
        &SECURITY_INSIGHT
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let strong = StrongSets::all(&self.context, &memory).await?;
        let after = match position {
            None => None,
            Some(Position::Assignments(after)) => Some(after),
            Some(Position::Findings) => return self.findings(None, page, &memory, strong).await,
            Some(Position::User { id, given }) => {
                return self
                    .findings(Some((id, given)), page, &memory, strong)
                    .await;
            }
        };
        self.collect(after, page, &memory, &strong).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        let user = id.resource.as_str().split_once(':');
        let user = user.and_then(|(user, _)| SalesforceId::read(user).ok());
        let Some(user) = user else {
            return Ok(Page::last(Vec::new()));
        };
        let found = Box::pin(self.of_user(user)).await;
        let mut found = found.map_err(|error| error.wrap("reading one security insight"))?;
        found.retain(|resource| resource.id == *id);
        Ok(Page::last(found))
    }

    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        no_entitlements()
    }

    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Ok(Page::last(Vec::new()))
    }
}

fn read_failed(error: salesforce::Error) -> ReadError {
    ReadError::Salesforce(error)
}

fn failed(error: salesforce::Error) -> crate::baton::Error {
    wrap_listing(DOING, error)
}
