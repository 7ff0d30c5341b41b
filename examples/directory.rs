//! A second connector on this library: users, groups and memberships of a CSV file. It is explained
//! in `docs/second-connector.md`.
//!
//!     directory --csv people.csv [--provisioning] [serve | capabilities]
//!
//!     kind,id,name,email,groups
//!     user,ada,Ada Lovelace,ada@example.test,admins;staff

use std::{fs::File, io, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, ensure};
use baton_salesforce::sdk::{self, prelude::*};
use csv::{Position, Reader, StringRecord, Writer};
use indexmap::IndexMap;
use tempfile::NamedTempFile;

const USER: ResourceType = ResourceType::without_grants("user", "User", "A person", &[Trait::User]);
const GROUP: ResourceType = ResourceType::new("group", "Group", "A group", &[Trait::Group]);
const MEMBER: &str = "member";
const HEADER: &str = "kind,id,name,email,groups";

fn main() -> ExitCode {
    sdk::run("baton-directory", |file: CsvFile| {
        let file = Arc::new(file);
        let syncer = |kind| Arc::new(Syncer(kind, Arc::clone(&file)));
        let registry = Registry::new(file.clone()).with_syncer(syncer(&USER));
        Ok(registry.with_syncer(syncer(&GROUP)))
    })
}

/// The connector, made of its own flags; `sdk::run` adds those of all connectors.
#[derive(clap::Args)]
struct CsvFile {
    /// CSV file with the users and groups
    #[arg(long, env = "BATON_CSV", value_name = "PATH")]
    csv: PathBuf,
}

#[async_trait]
impl Connector for CsvFile {
    fn display_name(&self) -> &'static str {
        "CSV directory"
    }

    fn description(&self) -> &'static str {
        "Users and groups of a CSV file"
    }

    async fn validate(&self) -> Result<Validation> {
        self.read().map(|_| Validation::default())
    }
}

/// Lists the users or the groups.
struct Syncer(&'static ResourceType, Arc<CsvFile>);

#[async_trait]
impl ResourceSyncer for Syncer {
    fn resource_type(&self) -> &ResourceType {
        self.0
    }

    async fn list(&self, asked: &PageRequest) -> Result<Page<Resource>> {
        let (_, rows) = self.1.read()?;
        let rows = rows.iter().filter(|(id, _)| id.resource_type == *self.0.id);
        Page::by_key(rows.map(resource), |resource| resource.id.clone(), asked)
    }

    async fn get(&self, id: &ResourceId, _: &Call) -> Result<Page<Resource>> {
        Ok(Page::of_option(
            self.1.read()?.1.get_key_value(id).map(resource),
        ))
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let id = EntitlementId::new(on.id.clone(), MEMBER);
        let member = Entitlement::assignment(id, "Member", &[USER.id]);
        Ok(Page::of_option((self.0.id == GROUP.id).then_some(member)))
    }

    async fn grants(&self, scope: &GrantScope, asked: &PageRequest) -> Result<Page<Grant>> {
        let mut grants = Vec::new();
        for (user, row) in self.1.read()?.1 {
            for group in groups(&row) {
                let on = ResourceId::new(GROUP.id, group)?;
                if scope.covers(&on) {
                    grants.push(Grant::new(EntitlementId::new(on, MEMBER), user.clone()));
                }
            }
        }
        Page::by_key(grants, Grant::id, asked)
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        (self.0.id == GROUP.id).then_some(self)
    }
}

#[async_trait]
impl Provisioner for Syncer {
    async fn grant(&self, user: &ResourceId, member: &EntitlementId) -> Result<Granted> {
        let already = !self.1.set_member(user, member, true)?;
        Ok(Granted::one(user, member, already))
    }

    async fn revoke(&self, user: &ResourceId, member: &EntitlementId) -> Result<Revoked> {
        Ok(Revoked::new(!self.1.set_member(user, member, false)?))
    }
}

fn groups(row: &StringRecord) -> impl Iterator<Item = &str> {
    let names = row.get(4).unwrap_or_default().split(';');
    names.map(str::trim).filter(|name| !name.is_empty())
}

fn resource((id, row): (&ResourceId, &StringRecord)) -> Resource {
    let [name, email] = [2, 3].map(|at| row.get(at).unwrap_or_default());
    let user = UserDetails::person(id.resource.as_str()).with_email(email);
    let variant = match id.resource_type.as_str() {
        "user" => Variant::User(Box::new(user)),
        _ => Variant::Group,
    };
    Resource::new(id.clone(), name, variant)
}

impl CsvFile {
    fn error(&self, what: &str) -> Error {
        Error::precondition(format!("{} {what}", self.csv.display()))
    }

    /// Fails on any mistake: to a host, a row that is left out is a row that was deleted.
    fn read(&self) -> Result<(StringRecord, IndexMap<ResourceId, StringRecord>)> {
        let parse = || {
            let mut reader = Reader::from_path(&self.csv)?;
            let header = reader.headers()?.clone();
            let is_right = header.iter().take(5).eq(HEADER.split(','));
            ensure!(is_right, "the first line must begin with {HEADER}");
            let mut rows = IndexMap::new();
            for row in reader.records() {
                let row = row?;
                let line = format!("line {}", row.position().map_or(0, Position::line));
                let [kind, id] = [0, 1].map(|at| row.get(at).unwrap_or_default());
                let is_known = [USER.id, GROUP.id].contains(&kind);
                ensure!(is_known, "{line}: unknown kind {kind:?}");
                ensure!(!id.contains(':'), "{line}: there is a colon in the id");
                let id = ResourceId::new(kind, id).context(line.clone())?;
                let is_new = rows.insert(id, row).is_none();
                ensure!(is_new, "{line}: the same kind and id as in an earlier line");
            }
            for group in rows.values().flat_map(groups) {
                let is_known = rows.contains_key(&ResourceId::new(GROUP.id, group)?);
                ensure!(is_known, "a user is in group {group:?}, which has no row");
            }
            Ok((header, rows))
        };
        parse().map_err(|error| self.error("cannot be read").because(error))
    }

    /// Returns whether the file had to be changed.
    fn set_member(&self, user: &ResourceId, member: &EntitlementId, to: bool) -> Result<bool> {
        if user.resource_type != *USER.id || member.slug != MEMBER {
            return Err(Error::invalid("only users can be granted member"));
        }
        let failed = |error: io::Error| self.error("cannot be changed").because(error);
        let path = self.csv.canonicalize().map_err(failed)?;
        let directory = path.parent().unwrap_or(&path);
        let lock = File::open(directory).map_err(failed)?;
        // Other writers wait, in other processes too, until `lock` is dropped.
        lock.lock().map_err(failed)?;
        let (header, mut rows) = self.read()?;
        let group = member.on.resource.as_str();
        let mut held: Vec<_> = rows.get(user).into_iter().flat_map(groups).collect();
        if held.contains(&group) == to {
            return Ok(false);
        }
        held.retain(|other| *other != group);
        held.extend(to.then_some(group));
        let held = held.join(";");
        let is_group = rows.contains_key(&member.on);
        let Some(row) = rows.get_mut(user).filter(|_| is_group) else {
            return Err(Error::invalid("the file has no such user or no such group"));
        };
        let (before, after) = (row.iter().take(4), row.iter().skip(5));
        *row = before.chain([held.as_str()]).chain(after).collect();
        let write = || {
            let file = NamedTempFile::new_in(directory)?;
            let mut writer = Writer::from_writer(&file);
            writer.write_record(&header)?;
            rows.values().try_for_each(|row| writer.write_record(row))?;
            writer.flush()?;
            drop(writer);
            let mode = path.metadata()?.permissions();
            file.as_file().set_permissions(mode)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(true)
        };
        write().map_err(failed)
    }
}
