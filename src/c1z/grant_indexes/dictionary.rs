//! Groups of strings as numbers, each group kept once.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Groups of `N` strings and their numbers: 0 for the first, 1 for the second.
#[derive(Debug, Default)]
pub(super) struct Dictionary<const N: usize> {
    groups: Groups<N>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<const N: usize> Dictionary<N> {
    /// The number of a group; one that is not known yet gets a new one. `guess` is looked at first,
    /// because that costs less than a search. `None` if there is no room for it in `limit` bytes.
    pub(super) fn number(&mut self, guess: u32, parts: [&[u8]; N], limit: usize) -> Option<u32> {
        if self.groups.is(guess, &parts) {
            return Some(guess);
        }
        let hash = hash(&self.hasher, &parts);
        let is_it = |number: &u32| self.groups.is(*number, &parts);
        if let Some(number) = self.numbers.find(hash, is_it) {
            return Some(*number);
        }
        let number = self.groups.add(&parts, limit)?;
        let (groups, hasher) = (&self.groups, &self.hasher);
        let rehash = |number: &u32| self::hash(hasher, &groups.get(*number));
        self.numbers.insert_unique(hash, number, rehash);
        Some(number)
    }

    /// The strings of a group.
    pub(super) fn get(&self, number: u32) -> [&[u8]; N] {
        self.groups.get(number)
    }

    pub(super) fn groups(&self) -> &Groups<N> {
        &self.groups
    }

    /// The strings, without what finds their numbers.
    pub(super) fn into_groups(self) -> Groups<N> {
        self.groups
    }
}

fn hash<const N: usize>(hasher: &DefaultHashBuilder, parts: &[&[u8]; N]) -> u64 {
    let mut state = hasher.build_hasher();
    for part in parts {
        state.write(part);
        state.write_u8(0xff);
    }
    state.finish()
}

/// Groups of strings, by number.
#[derive(Debug, Default)]
pub(super) struct Groups<const N: usize> {
    /// All strings, one behind the other, each with a colon behind it.
    texts: Vec<u8>,
    /// Where each string of a group ends. The first one begins after the last group.
    ends: Vec<[u32; N]>,
    longest: usize,
}

impl<const N: usize> Groups<N> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The length of the longest group in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn get(&self, number: u32) -> [&[u8]; N] {
        self.ranges(number)
            .map(|range| self.texts.get(range).unwrap_or(&[]))
    }

    /// The strings of a group with colons between them.
    pub(super) fn joined(&self, number: u32) -> &[u8] {
        match self.ranges(number).as_slice() {
            [first, .., last] => self.texts.get(first.start..last.end).unwrap_or(&[]),
            _ => &[],
        }
    }

    fn ranges(&self, number: u32) -> [Range<usize>; N] {
        let number = number as usize;
        let before = number
            .checked_sub(1)
            .and_then(|at| self.ends.get(at)?.last());
        let mut start = before.map_or(0, |end| *end as usize + 1);
        let ends = self.ends.get(number).copied();
        ends.unwrap_or([0; N]).map(|end| {
            let end = end as usize;
            std::mem::replace(&mut start, end + 1)..end
        })
    }

    /// The groups with these numbers, in this order.
    pub(super) fn select(&self, numbers: &[u32]) -> Self {
        let mut selected = Self {
            texts: Vec::with_capacity(self.texts.len()),
            ends: Vec::with_capacity(self.ends.len()),
            longest: 0,
        };
        for number in numbers {
            selected.add(&self.get(*number), usize::MAX);
        }
        selected
    }

    fn is(&self, number: u32, parts: &[&[u8]; N]) -> bool {
        (number as usize) < self.ends.len() && self.get(number) == *parts
    }

    fn add(&mut self, parts: &[&[u8]; N], limit: usize) -> Option<u32> {
        let number = u32::try_from(self.ends.len()).ok()?;
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        if self.texts.len() + length + N + (self.ends.len() + 1) * size_of::<[u32; N]>() > limit {
            return None;
        }
        let mut ends = [0; N];
        for (end, part) in ends.iter_mut().zip(parts) {
            self.texts.extend_from_slice(part);
            *end = u32::try_from(self.texts.len()).ok()?;
            self.texts.push(b':');
        }
        self.ends.push(ends);
        self.longest = self.longest.max(length);
        Some(number)
    }
}
