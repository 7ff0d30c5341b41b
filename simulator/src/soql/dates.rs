//! Absolute and relative dates in queries.

use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, ToSpan};

use super::ast::{DateUnit, LiteralValue, RelativeDate};

/// Parses a number, a date or a time; `None` if it is neither.
pub(super) fn literal(text: &str) -> Option<LiteralValue> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.contains('T') && unsigned.contains(':') {
        return time(text).map(LiteralValue::DateTime);
    }
    if unsigned.contains('-') && !unsigned.contains(['e', 'E']) {
        let shaped = text.len() == 10;
        return text.parse().ok().filter(|_| shaped).map(LiteralValue::Date);
    }
    let plain = unsigned
        .chars()
        .all(|c| c.is_ascii_digit() || "eE+-.".contains(c));
    (plain && text.parse::<f64>().is_ok()).then(|| LiteralValue::Number(text.to_owned()))
}

/// Parses a time with the offset `Z`, `+01:00` or `+0100`, with or without a fraction. A time
/// without an offset is an error.
fn time(text: &str) -> Option<Timestamp> {
    let clock = text.split_once('T')?.1;
    let has_offset = clock.ends_with('Z') || clock.contains(['+', '-']);
    let parsed = text.parse().ok();
    let compact = || {
        let (head, tail) = text.split_at_checked(text.len().checked_sub(2)?)?;
        format!("{head}:{tail}").parse().ok()
    };
    parsed.or_else(compact).filter(|_| has_offset)
}

/// Parses `TODAY`, `LAST_N_DAYS` (with its number) and so on.
pub(super) fn relative(name: &str, number: Option<i32>) -> Option<RelativeDate> {
    let name = name.to_ascii_uppercase();
    let span = |unit, start, length| {
        Some(RelativeDate {
            unit,
            start,
            length,
        })
    };
    match (name.as_str(), number) {
        ("TODAY", None) => return span(DateUnit::Day, 0, 1),
        ("YESTERDAY", None) => return span(DateUnit::Day, -1, 1),
        ("TOMORROW", None) => return span(DateUnit::Day, 1, 1),
        ("LAST_90_DAYS", None) => return span(DateUnit::Day, -90, 91),
        ("NEXT_90_DAYS", None) => return span(DateUnit::Day, 1, 90),
        _ => {}
    }
    if let Some(unit) = name
        .strip_prefix("N_")
        .and_then(|rest| rest.strip_suffix("_AGO"))
    {
        let unit = relative(&format!("LAST_N_{unit}"), Some(1))?.unit;
        return span(unit, number?.checked_neg()?, 1);
    }
    let (which, unit) = name.rsplit_once('_')?;
    let unit = match unit.strip_suffix('S').unwrap_or(unit) {
        "DAY" => DateUnit::Day,
        "WEEK" => DateUnit::Week,
        "MONTH" => DateUnit::Month,
        "QUARTER" => DateUnit::Quarter,
        "YEAR" => DateUnit::Year,
        _ => return None,
    };
    let plural = name.ends_with('S');
    match (which, number, plural) {
        ("LAST", None, false) if unit != DateUnit::Day => span(unit, -1, 1),
        ("THIS", None, false) if unit != DateUnit::Day => span(unit, 0, 1),
        ("NEXT", None, false) if unit != DateUnit::Day => span(unit, 1, 1),
        // LAST_N_DAYS includes today. Longer units end before the current one.
        ("LAST_N", Some(n), true) if unit == DateUnit::Day => span(unit, -n, n.checked_add(1)?),
        ("LAST_N", Some(n), true) => span(unit, -n, n),
        ("NEXT_N", Some(n), true) => span(unit, 1, n),
        _ => None,
    }
}

/// Returns the first day of the range and the first day after it.
pub(super) fn bounds(relative: RelativeDate, today: Date) -> Option<(Date, Date)> {
    let current = match relative.unit {
        DateUnit::Day => today,
        // In the locale en_US, weeks start on Sunday.
        DateUnit::Week => {
            let days = today.weekday().since(Weekday::Sunday);
            today.checked_sub(i64::from(days).days()).ok()?
        }
        DateUnit::Month => today.first_of_month(),
        DateUnit::Quarter => {
            let first = (today.month() - 1) / 3 * 3 + 1;
            Date::new(today.year(), first, 1).ok()?
        }
        DateUnit::Year => today.first_of_year(),
    };
    let start = current
        .checked_add(span(relative.unit, relative.start)?)
        .ok()?;
    let end = start
        .checked_add(span(relative.unit, relative.length)?)
        .ok()?;
    Some((start, end))
}

fn span(unit: DateUnit, count: i32) -> Option<Span> {
    let span = Span::new();
    match unit {
        DateUnit::Day => span.try_days(count).ok(),
        DateUnit::Week => span.try_weeks(count).ok(),
        DateUnit::Month => span.try_months(count).ok(),
        DateUnit::Quarter => span.try_months(count.checked_mul(3)?).ok(),
        DateUnit::Year => span.try_years(count).ok(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use test_case::test_case;

    use super::*;

    #[test_case("TODAY", None, date(2026, 11, 18), date(2026, 11, 19))]
    #[test_case("yesterday", None, date(2026, 11, 17), date(2026, 11, 18))]
    #[test_case("THIS_WEEK", None, date(2026, 11, 15), date(2026, 11, 22))]
    #[test_case("LAST_MONTH", None, date(2026, 10, 1), date(2026, 11, 1))]
    #[test_case("THIS_QUARTER", None, date(2026, 10, 1), date(2027, 1, 1))]
    #[test_case("LAST_N_DAYS", Some(7), date(2026, 11, 11), date(2026, 11, 19))]
    #[test_case("NEXT_N_DAYS", Some(7), date(2026, 11, 19), date(2026, 11, 26))]
    #[test_case("LAST_N_MONTHS", Some(2), date(2026, 9, 1), date(2026, 11, 1))]
    #[test_case("N_DAYS_AGO", Some(3), date(2026, 11, 15), date(2026, 11, 16))]
    fn a_relative_date_is_a_span(name: &str, number: Option<i32>, from: Date, to: Date) {
        let today = date(2026, 11, 18);
        let span = relative(name, number).and_then(|relative| bounds(relative, today));
        assert_eq!(span, Some((from, to)));
    }

    #[test_case("LAST_N_DAYS", None)]
    #[test_case("TODAY", Some(1))]
    #[test_case("THIS_DAY", None)]
    #[test_case("LAST_N_DAY", Some(1))]
    #[test_case("SOMETIME", None)]
    #[test_case("N_DAYS", Some(3))]
    fn what_is_no_relative_date_is_none(name: &str, number: Option<i32>) {
        assert_eq!(relative(name, number), None);
    }
}
