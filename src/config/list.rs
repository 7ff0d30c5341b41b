//! Lists and maps as text: a CSV record, whose values are `key=value` pairs in a map.

/// The values of a CSV record, or `None` if a quote is not closed.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let (value, tail) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (value, tail) = rest.split_at(end);
            (value.to_owned(), tail)
        };
        values.push(value);
        match tail.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Some(values),
        }
    }
}

/// The record of `values`: the reverse of [`split`].
pub(crate) fn join<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = values
        .into_iter()
        .map(|value| format!("\"{}\"", value.replace('"', "\"\"")))
        .collect();
    quoted.join(",")
}

/// The pairs of `key=value,key2=value2`. A single pair may have commas in its value.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let record = if text.starts_with('"') || text.matches('=').count() > 1 {
        split(text).ok_or("a quote is not closed")?
    } else {
        vec![text.to_owned()]
    };
    record
        .into_iter()
        .map(|pair| {
            let (key, value) = pair.split_once('=').ok_or("expected key=value")?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The text up to the closing quote, in which a doubled quote means one, and the rest of the record
/// from the next comma on.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let (piece, tail) = rest.split_once('"')?;
        value.push_str(piece);
        match tail.strip_prefix('"') {
            Some(next) => {
                value.push('"');
                rest = next;
            }
            None if tail.is_empty() || tail.starts_with(',') => return Some((value, tail)),
            None => {
                value.push('"');
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("", &[]; "nothing")]
    #[test_case("a", &["a"]; "one")]
    #[test_case("a,b c,", &["a", "b c", ""]; "three")]
    #[test_case(r#""bid:r:user/005","x,y""#, &["bid:r:user/005", "x,y"]; "quoted")]
    #[test_case(r#""say ""hi""",b"#, &[r#"say "hi""#, "b"]; "doubled quotes")]
    #[test_case(r#"a"b,c"#, &[r#"a"b"#, "c"]; "a bare quote")]
    fn a_record_is_split_like_csv(text: &str, expected: &[&str]) {
        assert_eq!(split(text).unwrap(), expected);
    }

    #[test]
    fn an_open_quote_is_refused() {
        assert_eq!(split(r#"a,"b"#), None);
    }

    #[test]
    fn joining_and_splitting_gives_the_same() {
        let values = ["a", "b,c", "say \"hi\"", ""];
        assert_eq!(split(&join(values)).unwrap(), values);
    }

    #[test]
    fn pairs_are_separated_by_commas_unless_there_is_only_one() {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        assert_eq!(pairs("a=b,c").unwrap(), owned(&[("a", "b,c")]));
        assert_eq!(
            pairs("a=b,c=d e").unwrap(),
            owned(&[("a", "b"), ("c", "d e")])
        );
        assert_eq!(
            pairs("\"a=b,c\",d=e").unwrap(),
            owned(&[("a", "b,c"), ("d", "e")])
        );
        assert_eq!(pairs("a=b,c=d,e"), Err("expected key=value"));
        assert_eq!(pairs("a"), Err("expected key=value"));
    }
}
