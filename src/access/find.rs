//! Which account is meant: by username, id, address, name, or a part of one of them.

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
    for person in sync.people() {
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
