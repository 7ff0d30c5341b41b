//! Which account is meant: by username, id, address, name, or a part of one of them.

use memchr::memmem::Finder;

use super::error::Error;
use super::person::Person;
use super::stored::StoredSync;
use crate::printable::printable;

/// Candidates that an error lists at most.
const MOST_NAMED: usize = 10;

/// How well an account fits what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It is the username or the id, which only one account has.
    Unique,
    /// It is the whole of an address or of the name, which several may share.
    Whole,
    /// It is a part of one of them.
    Part,
}

/// Tells from the bytes of a row whether a text may be in it, whatever the case of its letters. To
/// decode the rows of all accounts takes ten times as long.
#[derive(Clone)]
pub(super) struct Like {
    /// `None` if every row may have it.
    text: Option<Finder<'static>>,
    /// The letters outside of ASCII whose lower case has one of ASCII in it: İ and the sign for
    /// kelvin.
    odd_letters: [Finder<'static>; 2],
}

impl Like {
    /// `text` is in lower case.
    pub(super) fn of(text: &str) -> Self {
        let is_plain = text.is_ascii() && !text.is_empty();
        Self {
            text: is_plain.then(|| Finder::new(text).into_owned()),
            odd_letters: ["\u{130}", "\u{212a}"].map(Finder::new),
        }
    }

    pub(super) fn may_be_in(&self, row: &[u8]) -> bool {
        let Some(text) = &self.text else {
            return true;
        };
        let has = |letter: &Finder<'_>| letter.find(row).is_some();
        text.find(&row.to_ascii_lowercase()).is_some() || self.odd_letters.iter().any(has)
    }
}

/// The accounts that fit equally well.
#[derive(Debug, Default)]
struct Matches {
    count: usize,
    /// The first of them.
    first: Vec<Person>,
}

/// The one account that `text` means.
pub(super) fn find(sync: &StoredSync, text: &str) -> Result<Person, Error> {
    let lower = text.to_lowercase();
    let [mut unique, mut whole, mut part] = [const { Vec::new() }; 3].map(|first| Matches {
        first,
        ..Matches::default()
    });
    for person in sync.people_like(&lower) {
        let person = person?;
        match fit(&person, &lower) {
            Some(Fit::Unique) => unique.add(person),
            Some(Fit::Whole) => whole.add(person),
            Some(Fit::Part) => part.add(person),
            None => {}
        }
    }
    for mut matches in [unique, whole, part] {
        match matches.count {
            0 => {}
            1 => return matches.first.pop().ok_or(Error::NoPerson(text.to_owned())),
            count => {
                return Err(Error::ManyPeople {
                    text: text.to_owned(),
                    named: matches.named(),
                    count,
                });
            }
        }
    }
    Err(Error::NoPerson(text.to_owned()))
}

/// `text` is in lower case.
fn fit(person: &Person, text: &str) -> Option<Fit> {
    let is = |word: &String| word.to_lowercase() == text;
    let has = |word: &String| word.to_lowercase().contains(text);
    if [&person.login, &person.id.resource].into_iter().any(is) {
        return Some(Fit::Unique);
    }
    let shared = || person.emails.iter().chain([&person.name]);
    if shared().any(is) {
        return Some(Fit::Whole);
    }
    let mut words = shared().chain([&person.login, &person.id.resource]);
    words.any(has).then_some(Fit::Part)
}

impl Matches {
    fn add(&mut self, person: Person) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(person);
        }
    }

    fn named(&self) -> String {
        let mut named: Vec<String> = self
            .first
            .iter()
            .map(|person| {
                let id = &person.id.resource;
                let state = person.state.as_str();
                printable(&format!(
                    "{} ({}, {id}, {state})",
                    person.login, person.name
                ))
            })
            .collect();
        if self.count > named.len() {
            named.push(format!("and {} more", self.count - named.len()));
        }
        named.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::Like;

    #[test_case("jane@acme", "\u{2}\u{8}JANE@Acme.com" => true; "in other case")]
    #[test_case("jane", "John" => false; "not there")]
    #[test_case("jané", "John" => true; "letters that are not of ASCII are decoded")]
    #[test_case("kim", "\u{212a}im" => true; "kelvin")]
    #[test_case("ivan", "\u{130}van" => true; "a dotted capital")]
    #[test_case("", "John" => true; "nothing")]
    fn a_row_is_left_out_if_the_text_cannot_be_in_it(text: &str, row: &str) -> bool {
        Like::of(text).may_be_in(row.as_bytes())
    }
}
