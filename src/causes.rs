//! An error with its causes, for people.

use std::error::Error;
use std::iter::successors;

/// The texts of `error` and of its causes in one line, outermost first. Some libraries repeat the
/// text of a cause in the error above it; it is given once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    join(all(error).map(ToString::to_string))
}

/// `error` and its causes, outermost first.
pub(crate) fn all<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

/// The texts of a chain in one line.
pub(crate) fn join(texts: impl IntoIterator<Item = String>) -> String {
    let mut line = String::new();
    for text in texts {
        if text.is_empty() || line.ends_with(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stands_once() {
        let texts = ["syncing", "no route: refused", "", "refused"].map(str::to_owned);
        assert_eq!(join(texts), "syncing: no route: refused");
    }
}
