//! Two lists in the same order, side by side.

use std::cmp::Ordering;
use std::iter::Peekable;

/// The items of two lists; those with the same key come together.
pub(super) struct Merge<I: Iterator, K> {
    old: Peekable<I>,
    new: Peekable<I>,
    key: K,
}

impl<T, E, I, K, O> Merge<I, K>
where
    I: Iterator<Item = Result<T, E>>,
    K: Fn(&T) -> O,
    O: Ord,
{
    /// Both lists must be in the order of `key`.
    pub(super) fn new(old: I, new: I, key: K) -> Self {
        Self {
            old: old.peekable(),
            new: new.peekable(),
            key,
        }
    }
}

impl<T, E, I, K, O> Iterator for Merge<I, K>
where
    I: Iterator<Item = Result<T, E>>,
    K: Fn(&T) -> O,
    O: Ord,
{
    type Item = Result<(Option<T>, Option<T>), E>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.old.peek(), self.new.peek()) {
            (None, None) => return None,
            (Some(Ok(old)), Some(Ok(new))) => (self.key)(old).cmp(&(self.key)(new)),
            (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
            (None | Some(_), Some(_)) => Ordering::Greater,
        };
        let old = (order != Ordering::Greater)
            .then(|| self.old.next())
            .flatten();
        let new = (order != Ordering::Less).then(|| self.new.next()).flatten();
        Some(match (old.transpose(), new.transpose()) {
            (Ok(old), Ok(new)) => Ok((old, new)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_come_together() {
        let list = |items: &[u8]| items.iter().copied().map(Ok::<u8, ()>).collect::<Vec<_>>();
        let (old, new) = (list(&[1, 2, 4]), list(&[2, 3, 4, 5]));
        let merged = Merge::new(old.into_iter(), new.into_iter(), |item| *item);
        let expected = [
            (Some(1), None),
            (Some(2), Some(2)),
            (None, Some(3)),
            (Some(4), Some(4)),
            (None, Some(5)),
        ];
        assert_eq!(merged.collect::<Result<Vec<_>, _>>(), Ok(expected.to_vec()));
    }

    #[test]
    fn an_error_is_passed_on() {
        let old = vec![Ok(1), Err("broken")];
        let new = vec![Ok(1), Ok(2)];
        let merged = Merge::new(old.into_iter(), new.into_iter(), |item| *item);
        let found: Result<Vec<_>, _> = merged.collect();
        assert_eq!(found, Err("broken"));
    }
}
