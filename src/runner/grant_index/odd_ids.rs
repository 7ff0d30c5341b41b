//! The ids of grants, as far as they must be kept to find those that occur twice.
//!
//! An id is usually `<entitlement>:<type>:<id of the principal>`. If neither type nor id contains a
//! colon, the id says which entitlement and which principal it is of, so it occurs twice exactly if
//! the pair does, and is not kept. Other ids are odd, and their hashes are kept.

use std::hash::{DefaultHasher, Hasher};

use crate::pb::connector::ResourceId;

/// The hashes of odd ids.
#[derive(Debug, Default)]
pub(super) struct OddIds(Vec<u64>);

impl OddIds {
    pub(super) fn add(&mut self, id: &str) {
        self.0.push(hash(id));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two of them may be equal: two different ids with the same hash count as well. A second
    /// call returns `false`, unless more ids were added.
    pub(super) fn has_repeats(&mut self) -> bool {
        let all = self.0.len();
        self.0.sort_unstable();
        self.0.dedup();
        self.0.len() < all
    }

    /// Whether `id` may be among them. To be called after [`Self::has_repeats`].
    pub(super) fn may_contain(&self, id: &str) -> bool {
        self.0.binary_search(&hash(id)).is_ok()
    }

    /// The bytes that it occupies.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }
}

/// Whether an id is not the usual one of a grant of this entitlement to this principal.
pub(super) fn is_odd(id: &str, entitlement: &str, principal: &ResourceId) -> bool {
    let ResourceId {
        resource_type: kind,
        resource,
        ..
    } = principal;
    let rest = id
        .strip_prefix(entitlement)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_prefix(&**kind))
        .and_then(|rest| rest.strip_prefix(':'));
    rest != Some(resource) || kind.contains(':') || resource.contains(':')
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::c1z::test_rows::id;

    #[test_case("g:a:m:user:u", "g:a:m", "user", "u" => false; "usual")]
    #[test_case("g:a:m:user:u", "g:a", "m", "user:u" => true; "the same text of another pair")]
    #[test_case("g:a:m:user:u", "g:a:m", "user", "v" => true; "another principal")]
    #[test_case("g:a:m:user:u", "g:a:n", "user", "u" => true; "another entitlement")]
    #[test_case("g:a:m:user", "g:a:m", "user", "" => true; "cut off")]
    #[test_case("7", "g:a:m", "user", "u" => true; "a number")]
    fn an_id_is_odd(text: &str, entitlement: &str, kind: &str, resource: &str) -> bool {
        is_odd(text, entitlement, &id(kind, resource))
    }
}
