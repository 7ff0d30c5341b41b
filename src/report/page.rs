//! The page: one file that asks nobody for anything.

use std::io::Write;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::changed::Changed;
use super::error::{Error, Result};
use super::expiring::{Expiring, SOON_DAYS};
use super::facts::Facts;
use super::holders::{self, Holder, Tier};
use super::licenses::{self, Licenses};
use super::list::List;
use super::objects::{self, Object};
use super::paths_picture::{Picture, Pictures};
use super::sign_ins::{self, SignIns};
use super::summary::Summary;
use super::{Options, expiring, text};

const STYLE: &str = include_str!("../../templates/report/report.css");
const SCRIPT: &str = include_str!("../../templates/report/report.js");

/// What a report shows.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) summary: Summary,
    pub(super) tells_permissions: bool,
    pub(super) tiers: Vec<Tier>,
    pub(super) pictures: Pictures,
    /// `None` if the file does not say which objects are open to whom.
    pub(super) objects: Option<List<Object>>,
    pub(super) licenses: Licenses,
    pub(super) sign_ins: SignIns,
    pub(super) expiring: Expiring,
    /// `None` if the file has no earlier sync.
    pub(super) changed: Option<Changed>,
    pub(super) warnings: Option<Vec<String>>,
}

impl Report {
    pub(super) fn of(facts: Facts, changed: Option<Changed>, options: &Options) -> Self {
        let mut pictures = Pictures::default();
        let tiers = holders::tiers(&facts, &mut pictures);
        let sign_ins = sign_ins::sign_ins(&facts, options.dormant_after_days);
        let licenses = licenses::licenses(&facts, options.dormant_after_days);
        let expiring = expiring::expiring(&facts);
        Self {
            summary: Summary::of(&facts, options),
            tells_permissions: facts.givers.is_some(),
            tiers,
            pictures,
            objects: objects::objects(&facts),
            licenses,
            sign_ins,
            expiring,
            changed,
            warnings: facts.warnings,
        }
    }

    fn picture(&self, of: &Holder) -> Option<&Picture> {
        self.pictures.get(of.picture)
    }

    /// Writes the page.
    pub(super) fn write(&self, mut out: &mut dyn Write) -> Result<()> {
        let page = Page {
            report: self,
            style: STYLE,
            script: SCRIPT,
            style_hash: hash(STYLE),
            script_hash: hash(SCRIPT),
            version: env!("CARGO_PKG_VERSION"),
        };
        page.write_into(&mut out).map_err(Error::page)
    }
}

/// The template with what it shows. All values are escaped by the template engine, but for our own
/// style and script.
#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    report: &'a Report,
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
    version: &'static str,
}

/// The hash by which the page's policy knows its own style and script.
fn hash(source: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(source))
}
