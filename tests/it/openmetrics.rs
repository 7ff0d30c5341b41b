//! A strict reader of the text format of `OpenMetrics` 1.0
//! (<https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>), written
//! without a look at the code that writes it. It refuses what a Prometheus server may merely tolerate.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Labels = BTreeMap<String, String>;

/// A whole page, by the names of its families.
#[derive(Debug)]
pub(crate) struct Page(pub(crate) BTreeMap<String, Family>);

#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    /// By the name and the labels of the sample.
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
}

impl Page {
    /// The samples of this name, by their labels.
    pub(crate) fn samples(&self, name: &str) -> BTreeMap<Labels, f64> {
        let families = self.0.values().flat_map(|family| &family.samples);
        let named = families.filter(|((sample, _), _)| sample == name);
        named
            .map(|((_, labels), value)| (labels.clone(), *value))
            .collect()
    }

    /// The sample of this name with exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let pairs = labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        self.samples(name).get(&pairs.collect()).copied()
    }
}

/// Reads a page, and panics where it is not well formed.
pub(crate) fn read(text: &str) -> Page {
    let body = text.strip_suffix("# EOF\n").expect("the end mark");
    let mut families = BTreeMap::new();
    let mut name = String::new();
    for line in body.split_terminator('\n') {
        assert!(!line.is_empty(), "empty lines are not allowed");
        if let Some(comment) = line.strip_prefix("# ") {
            describe(comment, &mut name, &mut families);
            continue;
        }
        let (sample, labels, value) = sample(line);
        let family: &mut Family = families
            .get_mut(&name)
            .expect("a family before its samples");
        let ending = match family.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            "gauge" => "",
            other => panic!("{other} is not expected here"),
        };
        assert_eq!(
            sample,
            format!("{name}{ending}"),
            "samples of a family stand together"
        );
        if family.kind == "counter" {
            assert!(value >= 0.0 && value.fract() == 0.0, "{line}");
        }
        let is_new = family.samples.insert((sample, labels), value).is_none();
        assert!(is_new, "twice: {line}");
    }
    Page(families)
}

/// `HELP name text` or `TYPE name kind`. Each stands once, before the samples.
fn describe(comment: &str, name: &mut String, families: &mut BTreeMap<String, Family>) {
    let mut words = comment.splitn(3, ' ');
    let [keyword, of, rest] = [(); 3].map(|()| words.next().expect(comment));
    assert_name(of);
    if of != name {
        let family = Family {
            kind: String::new(),
            help: String::new(),
            samples: BTreeMap::new(),
        };
        let is_new = families.insert(of.to_owned(), family).is_none();
        assert!(is_new, "{of} begins anew");
        of.clone_into(name);
    }
    let family = families.get_mut(of).unwrap();
    assert!(family.samples.is_empty(), "{comment} stands behind samples");
    let place = match keyword {
        "HELP" => &mut family.help,
        "TYPE" => &mut family.kind,
        _ => panic!("{comment}"),
    };
    assert!(place.is_empty() && !rest.is_empty(), "{comment}");
    rest.clone_into(place);
}

fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(end);
    assert_name(name);
    let mut labels = Labels::new();
    if let Some(list) = rest.strip_prefix('{') {
        rest = read_labels(list, &mut labels);
    }
    let value = rest.strip_prefix(' ').expect(line);
    assert!(!value.contains(' '), "no time stamps are expected: {line}");
    (name.to_owned(), labels, value.parse().expect(line))
}

/// Reads labels up to the brace, and returns what follows it.
fn read_labels<'a>(mut rest: &'a str, labels: &mut Labels) -> &'a str {
    loop {
        let (name, quoted) = rest.split_once("=\"").expect(rest);
        assert_name(name);
        assert!(!name.contains(':'), "{name}");
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next().expect("a closing quote") {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match letters.next().unwrap().1 {
                    'n' => '\n',
                    letter @ ('"' | '\\') => letter,
                    other => panic!("an unknown escape: {other}"),
                }),
                (_, letter) => value.push(letter),
            }
        };
        let is_new = labels.insert(name.to_owned(), value).is_none();
        assert!(is_new, "{name} stands twice");
        rest = &quoted[end..];
        match rest.as_bytes().first() {
            Some(b',') => rest = &rest[1..],
            Some(b'}') => return &rest[1..],
            _ => panic!("{rest}"),
        }
    }
}

fn assert_name(name: &str) {
    let mut bytes = name.bytes();
    let begins = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    assert!(begins && goes_on, "{name} is no name");
}

/// The labels of all samples are those of the list, and what they say is of this program.
pub(crate) fn assert_listed(page: &Page) {
    use baton_salesforce::metrics::series::{ALL, Kind};
    for (name, family) in &page.0 {
        let series = ALL.iter().find(|series| series.name == name);
        let series = series.unwrap_or_else(|| panic!("{name} is not in the list"));
        let kind = match series.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Info => "info",
        };
        assert_eq!(family.kind, kind, "{name}");
        assert!(
            family.help.len() > 10 && !family.samples.is_empty(),
            "{name}"
        );
        let labels: BTreeSet<&str> = series.labels.iter().copied().collect();
        for (_, found) in family.samples.keys() {
            let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
            assert_eq!(found, labels, "{name}");
        }
    }
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a_b Text.\n# TYPE a_b counter\na_b_total{c=\"d\\\"\",e=\"\"} 1\n# EOF\n";
    assert_eq!(
        read(good).value("a_b_total", &[("c", "d\""), ("e", "")]),
        Some(1.0)
    );
    for (from, to) in [
        ("# EOF\n", ""),
        ("a_b_total", "a_b"),
        ("} 1", "} -1"),
        ("} 1", "}1"),
        ("} 1\n", "} 1\na_b_total{c=\"d\\\"\",e=\"\"} 2\n"),
        ("e=", "c="),
        ("# TYPE a_b counter\n", ""),
        ("\na_b_total", "\n\na_b_total"),
        ("c=\"d", "c=\"\\d"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(std::panic::catch_unwind(|| read(&bad)).is_err(), "{bad}");
    }
}
