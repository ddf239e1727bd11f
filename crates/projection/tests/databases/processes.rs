use vpr_projection::{Limits, Place, Projection, ProjectionError};
use vpr_types::Seq;

use crate::resources::Resources;
use crate::world::World;

/// A server that was replaced by another one, or that did not hear that its change was committed,
/// goes on from where the database stands.
#[test]
fn whoever_finds_the_tables_ahead_goes_on_from_there() {
    let world = World::new(Limits::default());
    let place = Place::Postgres {
        url: world.urls.serving_url.clone(),
        owner_url: None,
        connections_min: 0,
        connections_max: 2,
        runtime: world.runtime.handle().clone(),
    };
    let other = Projection::open(place, Limits::default()).unwrap();
    other.open_tenant(&world.tenant, [7; 32]).unwrap();
    let changes = Resources::new(1).changes(30);
    world.apply(&changes[..20]);
    assert_eq!(other.applied(&world.tenant), Seq(0));
    let late = other.apply(&world.tenant, &changes[..10]);
    assert!(matches!(late, Err(ProjectionError::OutOfOrder { expected: 21, found: 1 })), "{late:?}");
    assert_eq!(other.applied(&world.tenant), Seq(20));
    other.apply(&world.tenant, &changes[20..25]).unwrap();
    world.sqlite.apply(&world.tenant, &changes[20..25]).unwrap();
    // And back again.
    assert!(world.postgres.apply(&world.tenant, &changes[20..25]).is_err());
    world.apply(&changes[25..]);
    let content = world.same(&"both", |each| each.content(&world.tenant));
    assert_eq!(content, other.content(&world.tenant).unwrap());
}
