//! What lists show, and tables that another program made.

use sqlx::{AssertSqlSafe, Connection, Executor};
use vpr_projection::{AppliedOperation, HitMode, Limits, PageRequest, ProjectionError};
use vpr_types::Seq;

use crate::resources::Resources;
use crate::world::{World, change, document, query};

/// At every moment, each resource is listed as the version that stood says.
#[test]
fn each_moment_lists_what_stood_then() {
    let world = World::new(Limits::default());
    let changes = Resources::new(5).changes(60);
    world.apply(&changes);
    for at in (1..=60).step_by(7) {
        let request = PageRequest { at: Some(Seq(at)), limit: 1000, ..PageRequest::default() };
        let page = world.sqlite.search(&world.tenant, &query("?"), None, &request).unwrap();
        let mut hits = page.hits;
        hits.retain(|hit| hit.mode == HitMode::Match);
        let names: Vec<_> = hits.iter().map(|hit| (hit.resource, hit.id.as_str())).collect();
        let rows = world.same(&at, |each| each.listings(&world.tenant, &names, Seq(at)));
        assert_eq!(rows.len(), hits.len());
        for (hit, row) in hits.iter().zip(&rows) {
            let mut past = changes.iter().take_while(|change| change.seq.0 <= at).collect::<Vec<_>>();
            past.reverse();
            let (change, document) = past
                .iter()
                .find_map(|change| {
                    let mut documents = change.documents.iter();
                    Some((change, documents.find(|each| each.resource == hit.resource && each.id == hit.id)?))
                })
                .unwrap();
            assert_eq!((row.version, row.time, &row.author), (hit.version, change.time, &change.author));
            assert_eq!(row.listing, document.extracted.as_ref().unwrap().listing);
        }
    }
}

#[test]
fn what_did_not_stand_is_gone() {
    let world = World::new(Limits::default());
    let json = r#"{"resourceType":"Basic","id":"x","code":{"text":"One"}}"#;
    let at = |seq: u64, operation, json| {
        let basic = document("Basic", "x", u32::try_from(seq).unwrap(), operation, json);
        world.apply(&[change(seq, vec![basic])]);
    };
    at(1, AppliedOperation::Create, Some(json));
    at(2, AppliedOperation::Delete, None);
    at(3, AppliedOperation::Create, Some(&json.replace("One", "Two")));
    let basic = vpr_fhir::ResourceType::parse("Basic").unwrap();
    for each in world.both() {
        let title = |seq| {
            let listed = each.listings(&world.tenant, &[(basic, "x")], Seq(seq));
            listed.map(|rows| rows[0].listing.title.clone())
        };
        assert_eq!((title(1).unwrap().as_str(), title(3).unwrap().as_str()), ("One", "Two"));
        assert!(matches!(title(2), Err(ProjectionError::Gone)));
        assert!(matches!(title(0), Err(ProjectionError::Gone)));
        let other = each.listings(&world.tenant, &[(basic, "y")], Seq(3));
        assert!(matches!(other, Err(ProjectionError::Gone)));
        let content = each.content(&world.tenant).unwrap();
        assert!(content.lines.iter().any(|line| line.starts_with("res ") && line.contains("title=\"Two\"")));
        let versions = content.lines.iter().filter(|line| {
            line.starts_with("hist ") && line.contains("author=\"somebody\"") && line.contains("commit_oid=0")
        });
        assert_eq!(versions.count(), 3, "{content:?}");
    }
}

/// Before a release, `0001` may change: tables that an earlier program made have its number and other
/// columns. They are not read, and not written to; they are removed and made anew.
#[test]
fn tables_with_other_columns_are_noticed_and_made_anew() {
    let world = World::new(Limits::default());
    let changes = Resources::new(3).changes(10);
    world.apply(&changes);
    let content = world.same(&"before", |each| each.content(&world.tenant));
    let earlier = "ALTER TABLE res DROP COLUMN title; DELETE FROM meta WHERE name = 'layout';";
    rusqlite::Connection::open(world.file()).unwrap().execute_batch(earlier).unwrap();
    world.runtime.block_on(async {
        let mut owner = sqlx::PgConnection::connect(&world.urls.owner_url).await.unwrap();
        let schema =
            format!("SET search_path = \"vpr_{}\"; SET vpr.tenant = '{}';", world.tenant, world.tenant);
        owner.execute(sqlx::raw_sql(AssertSqlSafe(format!("{schema} {earlier}")))).await.unwrap();
    });
    for each in world.both() {
        let opened = each.open_tenant(&world.tenant, [7; 32]);
        assert!(matches!(opened, Err(ProjectionError::Unusable(_))), "{opened:?}");
        each.reset(&world.tenant).unwrap();
        each.open_tenant(&world.tenant, [7; 32]).unwrap();
        assert_eq!(each.applied(&world.tenant), Seq(0));
    }
    world.apply(&changes);
    assert_eq!(world.same(&"after", |each| each.content(&world.tenant)), content);
}
