//! Strings as numbers, each string kept once.
//!
//! The strings lie one behind the other in blocks. A string of its own allocation would take three
//! times the memory, and one growing text would be copied, so it would need room twice for a moment.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The bytes of a block. A longer string has a block of its own.
const BLOCK: usize = 1 << OFFSET_BITS;

/// A place is the number of a block, and in its last bits the offset in the block.
const OFFSET_BITS: u32 = 16;

/// Strings and their numbers: 0 for the first, 1 for the second.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Texts,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of a string; a string that is not known yet gets a new one. `guess` is looked at
    /// first, because that costs less than a search. `u32::MAX` if there is no room for it, after
    /// 4 GiB.
    pub(super) fn number(&mut self, guess: u32, name: &str) -> u32 {
        if self.texts.get(guess) == Some(name) {
            return guess;
        }
        if let Some(number) = self.find(name) {
            return number;
        }
        let Some(number) = self.texts.add(name) else {
            return u32::MAX;
        };
        let Self {
            texts,
            numbers,
            hasher,
        } = self;
        let hash = |number: &u32| hasher.hash_one(texts.get(*number).unwrap_or_default());
        numbers.insert_unique(hasher.hash_one(name), number, hash);
        number
    }

    /// The number of a string, if it is known.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let is_it = |number: &u32| self.texts.get(*number) == Some(name);
        self.numbers
            .find(self.hasher.hash_one(name), is_it)
            .copied()
    }

    /// The string with this number.
    pub(super) fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number)
    }

    pub(super) fn len(&self) -> usize {
        self.texts.starts.len()
    }

    /// All strings, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..).map_while(|number| self.get(number))
    }

    /// The bytes that it occupies.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let Texts { blocks, starts } = &self.texts;
        let texts: usize = blocks.iter().map(String::capacity).sum();
        texts + starts.capacity() * size_of::<u32>() + self.numbers.allocation_size()
    }
}

/// Strings one behind the other.
#[derive(Debug, Default)]
struct Texts {
    blocks: Vec<String>,
    /// The place where each string begins. It ends where the next one begins, or with its block.
    starts: Vec<u32>,
}

impl Texts {
    fn get(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let (block, begin) = split(*self.starts.get(number)?);
        let text = self.blocks.get(block)?;
        let end = match self.starts.get(number + 1).map(|next| split(*next)) {
            Some((next, end)) if next == block => end,
            _ => text.len(),
        };
        text.get(begin..end)
    }

    /// Returns the number of the new string.
    fn add(&mut self, text: &str) -> Option<u32> {
        let number = u32::try_from(self.starts.len()).ok()?;
        let has_room = |block: &String| block.len() + text.len() < BLOCK;
        if !self.blocks.last().is_some_and(has_room) {
            let room = String::with_capacity(text.len().max(BLOCK));
            self.blocks.push(room);
        }
        let at = u32::try_from(self.blocks.len() - 1).ok()?;
        let block = self.blocks.last_mut()?;
        let offset = u32::try_from(block.len()).ok()?;
        let start = at.checked_mul(1 << OFFSET_BITS)?.checked_add(offset)?;
        block.push_str(text);
        self.starts.push(start);
        Some(number)
    }
}

/// Block and offset of a place.
fn split(place: u32) -> (usize, usize) {
    let place = place as usize;
    (place >> OFFSET_BITS, place % BLOCK)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_one_number_whatever_the_guess() {
        let mut names = Names::default();
        let texts = ["a", "", "b", "a", "", "ä"];
        let guesses = [0, 0, 2, 0, 2, u32::MAX];
        let numbers = [0, 1, 2, 3, 4, 5].map(|at: usize| names.number(guesses[at], texts[at]));
        assert_eq!(numbers, [0, 1, 2, 0, 1, 3]);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "", "b", "ä"]);
        assert_eq!((names.find("b"), names.find("c")), (Some(2), None));
    }

    #[test]
    fn strings_that_do_not_fit_into_a_block_begin_a_new_one() {
        let mut names = Names::default();
        let lengths = [
            0,
            BLOCK - 1,
            0,
            BLOCK,
            1,
            BLOCK / 2,
            BLOCK / 2,
            3 * BLOCK,
            2,
        ];
        let letters = ('a'..).zip(lengths);
        let texts: Vec<String> = letters
            .map(|(letter, length)| letter.to_string().repeat(length))
            .collect();
        for text in &texts {
            let number = names.number(0, text);
            assert_eq!(names.get(number), Some(&**text));
        }
        for text in &texts {
            let number = names.find(text).unwrap();
            assert_eq!(names.get(number), Some(&**text));
        }
        assert_eq!(names.len(), texts.len() - 1);
    }
}
