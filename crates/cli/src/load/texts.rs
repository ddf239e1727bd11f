use super::answer::Refusal;
use super::deliver::Door;
use super::documents::Piece;
use super::place::Place;
use super::plan::{Planned, Planner};
use super::report::Tally;

/// Loads JSON texts one after another, each when the one before is answered.
pub(crate) async fn load_texts(texts: impl Iterator<Item = String>, door: &Door) -> Tally {
    let mut tally = Tally::default();
    let mut planner = Planner::default();
    for (index, text) in texts.enumerate() {
        let place = Place::file("generated").line(index as u64 + 1);
        let piece = Piece::Document { place, bytes: text.into_bytes(), of_many: false };
        for planned in planner.take(piece) {
            match planned {
                Planned::Send(outgoing) => tally.add(door.deliver(outgoing).await),
                Planned::Refused { place, resource_type, why } => {
                    tally.refuse(Refusal { place, resource_type, why });
                }
                Planned::Skipped { place } => tally.skip(place),
            }
        }
        if tally.stopped.is_some() {
            break;
        }
    }
    tally
}
