//! The org's daily API calls, from the `Sforce-Limit-Info` header of each answer.
//!
//! Must not know: transport, retries, or where a quota is shown.

/// API calls of the org in the last 24 hours: used and allowed, at the time of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// Calls used by all clients of the org.
    pub used: u64,
    /// Calls allowed.
    pub limit: u64,
    /// The quota of this connected app, if the org limits it.
    pub per_app: Option<AppQuota>,
}

/// API calls used and allowed for one connected app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppQuota {
    /// Calls used so far by the app.
    pub used: u64,
    /// Calls allowed to the app.
    pub limit: u64,
    /// The app's name, if the header contains it.
    pub app_name: Option<String>,
}

impl Quota {
    /// Parses the header. `None` if it has no valid `api-usage` part.
    ///
    /// ```
    /// use baton_salesforce::salesforce::Quota;
    /// let quota = Quota::parse("api-usage=25/5000; per-app-api-usage=17/250(appName=sync)").unwrap();
    /// assert_eq!(quota.remaining(), 4975);
    /// assert_eq!(quota.per_app.unwrap().remaining(), 233);
    /// ```
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut org = None;
        let mut per_app = None;
        for (name, value) in header.split(';').filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "api-usage" => org = fraction(value),
                "per-app-api-usage" => per_app = AppQuota::parse(value),
                _ => {}
            }
        }
        org.map(|(used, limit)| Self {
            used,
            limit,
            per_app,
        })
    }

    /// Remaining calls of the org; 0 if the limit is exceeded.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl AppQuota {
    fn parse(value: &str) -> Option<Self> {
        let (numbers, rest) = value.split_once('(').unwrap_or((value, ""));
        let (used, limit) = fraction(numbers)?;
        let app_name = rest
            .trim()
            .trim_end_matches(')')
            .strip_prefix("appName=")
            .map(str::to_owned);
        Some(Self {
            used,
            limit,
            app_name,
        })
    }

    /// Remaining calls of the app.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

fn fraction(text: &str) -> Option<(u64, u64)> {
    let (used, limit) = text.split_once('/')?;
    Some((used.trim().parse().ok()?, limit.trim().parse().ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test]
    fn the_first_number_is_what_was_used() {
        let quota = Quota::parse("api-usage=10018/100000").unwrap();
        assert_eq!(
            (quota.used, quota.limit, quota.remaining()),
            (10_018, 100_000, 89_982)
        );
        assert_eq!(quota.per_app, None);
    }

    #[test]
    fn an_overdrawn_org_has_nothing_left() {
        assert_eq!(Quota::parse("api-usage=5100/5000").unwrap().remaining(), 0);
    }

    #[test]
    fn the_part_of_the_app_is_read_with_its_name() {
        let header = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)";
        let app = Quota::parse(header).unwrap().per_app.unwrap();
        assert_eq!((app.used, app.limit), (17, 250));
        assert_eq!(app.app_name.as_deref(), Some("sample-connected-app"));
    }

    #[test_case(""; "empty")]
    #[test_case("api-usage="; "no value")]
    #[test_case("api-usage=1"; "no limit")]
    #[test_case("api-usage=-1/x"; "no numbers")]
    #[test_case("per-app-api-usage=17/250(appName=x)"; "only the app")]
    #[test_case(";;=;api-usage"; "noise")]
    fn a_header_without_usage_is_no_quota(header: &str) {
        assert_eq!(Quota::parse(header), None);
    }
}
