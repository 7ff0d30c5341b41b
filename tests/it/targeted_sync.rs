//! One resource by its id, of each type.

use baton_salesforce::pb::connector as pb;
use tonic::Code;

use crate::harness::{Harness, Setup, everything};

async fn get(harness: &Harness, kind: &str, id: &str) -> Result<pb::Resource, tonic::Status> {
    let request = pb::ResourceGetterServiceGetResourceRequest {
        resource_id: Some(pb::ResourceId {
            resource_type: kind.to_owned(),
            resource: id.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = harness.getter().get_resource(request).await?;
    Ok(answer.into_inner().resource.unwrap())
}

/// The same id of a record that is not there.
fn unknown(id: &str) -> String {
    if id.len() != 18 {
        return format!("{id}Unknown");
    }
    let (prefix, _) = id.split_at(3);
    format!("{prefix}000000000zzz")
}

#[tokio::test]
async fn every_type_is_read_one_by_one() {
    let harness = Harness::with(Setup {
        options: everything(),
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    let mut read = 0;
    for kind in synced.types.keys() {
        for wrong in ["no such id", "x", "005", "../User/005000000000001"] {
            let error = get(&harness, kind, wrong).await.unwrap_err();
            assert_eq!(error.code(), Code::NotFound, "{kind} {wrong}: {error}");
        }
        let Some(id) = synced.of_type(kind).into_iter().next() else {
            continue;
        };
        read += 1;
        let got = get(&harness, kind, &id).await.unwrap();
        let listed = &synced.resources[&format!("{kind}/{id}")];
        assert_eq!(
            (&got.id, &got.display_name),
            (&listed.id, &listed.display_name)
        );
        if id.len() == 18 {
            let got = get(&harness, kind, &id[..15]).await.unwrap();
            assert_eq!(got.id, listed.id, "15 characters");
        }
        let error = get(&harness, kind, &unknown(&id)).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{kind}: {error}");
    }
    assert!(read >= 6, "only {read} types have resources");
}
