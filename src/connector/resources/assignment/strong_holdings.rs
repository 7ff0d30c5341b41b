//! Assignments of the permission sets and permission set groups that give a strong permission.
//!
//! Security insights need them, and the grants too. So that nobody reads them twice, insights keep
//! them for the rest of the sync: the grants take them from here, and read only the other assignments
//! from the org ([`Shared`]).

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::{Assigned, AssignmentRow, table_of_both};
use crate::connector::read::context::ReadContext;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::snapshot::{Collector, Snapshot};
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{IDS_A_QUERY, Row as _, Table};
use crate::connector::resources::giver::Giver;
use crate::connector::resources::strong_sets::StrongSets;
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{Error, SalesforceId};

/// Permission sets and groups whose assignments are asked for.
pub(in crate::connector) struct Wanted {
    sets: Vec<SalesforceId>,
    groups: Vec<SalesforceId>,
}

impl Wanted {
    /// Those that give a strong permission.
    pub(in crate::connector) fn strong(strong: &StrongSets) -> Self {
        Self {
            sets: strong.ids(Giver::Set),
            groups: strong.ids(Giver::Group),
        }
    }

    pub(in crate::connector) fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.groups.is_empty()
    }

    /// Whether their ids fit into a query.
    fn is_short(&self) -> bool {
        self.sets.len() + self.groups.len() <= IDS_A_QUERY
    }

    /// Their assignments. If they are too many to be named, all assignments.
    pub(in crate::connector) fn table(&self, context: &ReadContext) -> Table {
        let table = table_of_both(&context.options);
        if !self.is_short() {
            return table;
        }
        let of = |assigned: Assigned, ids: &[SalesforceId]| {
            let these = || field(assigned.column()).in_ids(ids.iter().copied());
            (!ids.is_empty()).then(these)
        };
        // The row of a group may name the group's sum as its set, which is not among the sets.
        let both = [
            of(Assigned::Set, &self.sets),
            of(Assigned::Group, &self.groups),
        ];
        let which: Option<Condition> = both.into_iter().flatten().reduce(Condition::or);
        table.only(which)
    }

    /// Whether a row is one of theirs.
    pub(in crate::connector) fn has(&self, row: &AssignmentRow) -> bool {
        let Some((assigned, target)) = row.assigned() else {
            return false;
        };
        self.of(assigned).contains(&target)
    }

    fn of(&self, assigned: Assigned) -> &[SalesforceId] {
        match assigned {
            Assigned::Set => &self.sets,
            Assigned::Group => &self.groups,
        }
    }
}

/// A part of the grants of sets or groups, if insights have read some of the assignments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct Shared {
    /// What the assignments that were kept are of. They are named here, so that a process that
    /// resumes the listing leaves out the same ones.
    pub(in crate::connector) of: Vec<SalesforceId>,
    pub(in crate::connector) at: At,
}

/// Where a shared listing is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connector) enum At {
    /// Among the assignments that were kept, behind this one.
    Kept(Option<SalesforceId>),
    /// Among the others.
    Others(Span),
}

/// The assignments that insights have read in a sync.
#[derive(Default)]
pub(in crate::connector) struct StrongHoldings {
    rows: Collector<AssignmentRow>,
    by_user: OnceCell<Arc<ByUser>>,
    /// What a process that resumed a listing had to read again.
    sets_again: OnceCell<Arc<Snapshot<AssignmentRow>>>,
    groups_again: OnceCell<Arc<Snapshot<AssignmentRow>>>,
}

/// Assignments by user: places in the snapshot.
pub(in crate::connector) struct ByUser {
    rows: Arc<Snapshot<AssignmentRow>>,
    order: Vec<u32>,
}

impl ByUser {
    pub(in crate::connector) fn new(rows: Arc<Snapshot<AssignmentRow>>) -> Self {
        let mut order: Vec<u32> = (0..).take(rows.iter().len()).collect();
        let user = |place: &u32| rows.at(*place).map(|row| *row.assignee_id.as_bytes());
        order.sort_by_key(user);
        Self { rows, order }
    }

    /// The assignments of a user.
    pub(in crate::connector) fn of(
        &self,
        user: SalesforceId,
    ) -> impl Iterator<Item = &AssignmentRow> {
        let key = Some(*user.as_bytes());
        let of = |place: &u32| {
            let row = self.rows.at(*place);
            row.map(|row| *row.assignee_id.as_bytes())
        };
        let begin = self.order.partition_point(|place| of(place) < key);
        let rest = self.order.get(begin..).unwrap_or_default();
        rest.iter()
            .take_while(move |place| of(place) == key)
            .filter_map(|place| self.rows.at(*place))
    }
}

impl StrongHoldings {
    /// Those of the sync with this memory.
    pub(in crate::connector) fn of(memory: &SyncMemory) -> Arc<Self> {
        memory.slot()
    }

    /// Adds one page of their listing.
    pub(in crate::connector) fn extend(
        &self,
        after: Option<&SalesforceId>,
        rows: Vec<AssignmentRow>,
        next: Option<&SalesforceId>,
    ) {
        let rows = rows.into_iter().map(|row| (row.id(), row)).collect();
        self.rows.extend(after, rows, next);
    }

    /// All of them by user, read again if they were not listed in this process.
    pub(in crate::connector) async fn by_user(
        &self,
        context: &ReadContext,
        strong: &StrongSets,
    ) -> Result<Arc<ByUser>, Error> {
        let index = || async {
            let rows = self.rows.all(read(context, Wanted::strong(strong))).await?;
            Ok(Arc::new(ByUser::new(rows)))
        };
        self.by_user.get_or_try_init(index).await.cloned()
    }

    /// How a listing of the grants of all sets or groups begins, if it can share these.
    pub(in crate::connector) fn share(
        &self,
        assigned: Assigned,
        strong: &StrongSets,
    ) -> Option<Shared> {
        self.rows.peek()?;
        let wanted = Wanted::strong(strong);
        let of = wanted.of(assigned);
        (wanted.is_short() && !of.is_empty()).then(|| Shared {
            of: of.to_vec(),
            at: At::Kept(None),
        })
    }

    /// The assignments of these sets or groups, among others.
    pub(in crate::connector) async fn kept(
        &self,
        assigned: Assigned,
        of: &[SalesforceId],
        context: &ReadContext,
    ) -> Result<Arc<Snapshot<AssignmentRow>>, Error> {
        if let Some(rows) = self.rows.peek() {
            return Ok(rows);
        }
        let of = || of.to_vec();
        let (slot, wanted) = match assigned {
            Assigned::Set => (
                &self.sets_again,
                Wanted {
                    sets: of(),
                    groups: Vec::new(),
                },
            ),
            Assigned::Group => (
                &self.groups_again,
                Wanted {
                    sets: Vec::new(),
                    groups: of(),
                },
            ),
        };
        let again = || async { Ok(Arc::new(Snapshot::new(read(context, wanted).await?))) };
        slot.get_or_try_init(again).await.cloned()
    }
}

impl Shared {
    /// Those of the kept assignments of `assigned` that belong to this listing.
    pub(in crate::connector) fn owns(
        &self,
        assigned: Assigned,
    ) -> impl Fn(&AssignmentRow) -> bool + use<> {
        let of: HashSet<SalesforceId> = self.of.iter().copied().collect();
        move |row| {
            row.assigned()
                .is_some_and(|(kind, target)| kind == assigned && of.contains(&target))
        }
    }

    /// The assignments that were not kept.
    pub(in crate::connector) fn others(&self, assigned: Assigned) -> Condition {
        field(assigned.column()).not_in_ids(self.of.iter().copied())
    }
}

async fn read(
    context: &ReadContext,
    wanted: Wanted,
) -> Result<Vec<(SalesforceId, AssignmentRow)>, Error> {
    let mut rows = Vec::new();
    if wanted.is_empty() {
        return Ok(rows);
    }
    let each = |row: AssignmentRow| {
        if wanted.has(&row) {
            rows.push((row.id(), row));
        }
    };
    context.org.read_all(&wanted.table(context), each).await?;
    Ok(rows)
}
