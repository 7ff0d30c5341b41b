//! How names, numbers and times are written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The longest name that the page shows. Salesforce's own limits are lower.
const LONGEST: usize = 160;

/// `text`, cut to what fits a table.
pub(super) fn shown(text: &str) -> String {
    cut(text, LONGEST)
}

/// `text`, cut to `width` columns of a fixed font. East Asian letters are two columns wide.
pub(super) fn cut(text: &str, width: usize) -> String {
    let columns = |letter: char| if letter < '\u{1100}' { 1 } else { 2 };
    if text.chars().map(columns).sum::<usize>() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|letter| {
        used += columns(*letter);
        used <= width
    });
    kept.chain(['…']).collect()
}

/// A whole number with separators: 12,345.
#[expect(
    clippy::needless_pass_by_value,
    reason = "templates pass values and references"
)]
pub(super) fn number(count: impl ToString) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: 1 person, 2 people.
pub(super) fn counted(count: impl ToString, one: &str, many: &str) -> String {
    let count = number(count);
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// The day, in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// Day and minute, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// The whole days between two times; negative if `later` is earlier.
pub(super) fn days(earlier: Timestamp, later: Timestamp) -> i64 {
    later.duration_since(earlier).as_hours().div_euclid(24)
}

/// `part` of `whole` in percent, for the length of a bar.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0".to_owned();
    }
    let thousandths = u128::from(part.min(whole)) * 1000 / u128::from(whole);
    format!("{}.{}", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("Ada", 5 => "Ada")]
    #[test_case("Ada Lovelace", 5 => "Ada …"; "with a mark that it is cut")]
    #[test_case("権限権限", 5 => "権限…"; "wide letters")]
    fn a_text_is_cut(text: &str, width: usize) -> String {
        cut(text, width)
    }

    #[test_case(0 => "0")]
    #[test_case(999 => "999")]
    #[test_case(1000 => "1,000")]
    #[test_case(12_345_678 => "12,345,678")]
    fn a_number_has_separators(count: u64) -> String {
        number(count)
    }

    #[test_case("2026-01-01T10:00:00Z", "2026-01-02T09:59:59Z" => 0)]
    #[test_case("2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z" => 1)]
    #[test_case("2026-01-02T10:00:00Z", "2026-01-01T23:00:00Z" => -1)]
    fn only_whole_days_count(earlier: &str, later: &str) -> i64 {
        days(earlier.parse().unwrap(), later.parse().unwrap())
    }

    #[test_case(1, 3 => "33.3")]
    #[test_case(5, 4 => "100.0"; "a bar is never longer than its frame")]
    #[test_case(5, 0 => "0")]
    fn a_part_is_a_percentage(part: u64, whole: u64) -> String {
        percent(part, whole)
    }
}
