//! A sync without a connector, for `benches/hot.rs`: rows go into a file as a sync writes them.

use std::path::Path;
use std::sync::Arc;

use super::error::Result;
use super::sink::{FileSink, Sink as _};
use crate::c1z::{Options, Writer};
use crate::pb::connector::{Entitlement, Grant, Resource};

/// Writes the rows, follows nesting if `expand`, builds the indexes and packs the file.
pub async fn write_rows(
    file: &Path,
    resources: Vec<Resource>,
    entitlements: Vec<Entitlement>,
    grants: Vec<Grant>,
    expand: bool,
) -> Result<()> {
    let sink = Arc::new(FileSink::new(Writer::create(file, &Options::default())?));
    sink.put_resources(resources).await?;
    sink.put_entitlements(entitlements).await?;
    sink.put_grants(grants).await?;
    sink.dangling().await?;
    if expand {
        sink.expand().await?;
    }
    sink.index().await?;
    sink.finish().await
}
