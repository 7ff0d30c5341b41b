//! Which app an authorization is of.
//!
//! A row of `OauthToken` names the app's item in the App Launcher, or only its name. A name counts
//! only if exactly one app has it.

use std::collections::HashMap;

use crate::salesforce::SalesforceId;

/// Finds apps by item and by name.
#[derive(Default)]
pub(in crate::connector) struct AppIndex {
    items: HashMap<SalesforceId, SalesforceId>,
    /// `None` if several apps have the name.
    names: HashMap<String, Option<SalesforceId>>,
}

impl AppIndex {
    /// Adds an app.
    pub(in crate::connector) fn app(&mut self, app: SalesforceId, name: Option<&str>) {
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
            return;
        };
        self.names
            .entry(name.to_owned())
            .and_modify(|known| *known = known.filter(|known| *known == app))
            .or_insert(Some(app));
    }

    /// Adds an item of the App Launcher and the app that it starts.
    pub(in crate::connector) fn item(&mut self, item: SalesforceId, app: SalesforceId) {
        self.items.insert(item, app);
    }

    /// The app that an authorization names.
    pub(in crate::connector) fn find(
        &self,
        item: Option<SalesforceId>,
        name: Option<&str>,
    ) -> Option<SalesforceId> {
        if let Some(app) = item.and_then(|item| self.items.get(&item)) {
            return Some(*app);
        }
        *self.names.get(name?.trim())?
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_item_counts_first_and_a_name_only_if_it_is_unique() {
        let id = |text: &str| text.parse::<SalesforceId>().unwrap();
        let (one, other, item) = (
            id("0H4Hp0000000001"),
            id("0H4Hp0000000002"),
            id("0DSHp0000000003"),
        );
        let mut index = AppIndex::default();
        index.app(one, Some("Loader"));
        index.app(one, Some("Loader"));
        index.app(other, Some("Twin"));
        index.app(one, Some("Twin"));
        index.app(other, None);
        index.item(item, other);
        assert_eq!(index.find(Some(item), Some("Loader")), Some(other));
        assert_eq!(index.find(None, Some("Loader")), Some(one));
        assert_eq!(index.find(Some(one), Some(" Loader ")), Some(one));
        assert_eq!(index.find(None, Some("Twin")), None);
        assert_eq!(index.find(None, Some("loader")), None);
        assert_eq!(index.find(None, None), None);
    }
}
