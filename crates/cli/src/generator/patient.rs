use serde_json::{Value, json};

use super::dice::Dice;
use super::resources::{self, Links, Minute};
use super::{PRACTITIONERS, Population, create, transaction, update};

/// The first of January 2019, in minutes since 1970: nothing is recorded earlier.
const FIRST_MINUTE: u64 = 17_897 * 1_440;
const DAY: u64 = 1_440;

/// What is known of a patient at first, and what changes later: two transactions.
pub(super) fn bundles(population: Population, n: u64) -> [Value; 2] {
    let mut dice = Dice::new(population.seed, n);
    let id = population.patient_id(n);
    let mut start = Minute(FIRST_MINUTE + dice.within(0, 300) * DAY + dice.within(7 * 60, 18 * 60));
    let mut patient = resources::patient(&mut dice, &id);
    let practitioner = format!("Practitioner/{}", population.practitioner_id(dice.within(1, PRACTITIONERS)));
    let organization = format!("Organization/{}", population.organization_id());

    let patient_entry = update(&mut dice, patient.clone());
    let links = Links { patient: patient_entry.link.clone(), practitioner, organization };
    let mut entries = vec![patient_entry];
    let visits = dice.within(2, 5);
    for visit in 1..=visits {
        let last = visit == visits;
        let end = start.after(dice.within(15, 50));
        let encounter_id = format!("{id}-e{visit}");
        let encounter = resources::encounter(&encounter_id, &links, start, (!last).then_some(end));
        let encounter = update(&mut dice, encounter);
        let link = encounter.link.clone();
        entries.push(encounter);
        if visit == 1 || dice.chance(30) {
            let condition = resources::condition(&mut dice, &links, &link, start);
            entries.push(create(&mut dice, condition));
        }
        let pressure = resources::blood_pressure(&mut dice, &links, &link, start.after(5));
        entries.push(create(&mut dice, pressure));
        for _ in 0..dice.within(2, 5) {
            let measured = resources::measurement(&mut dice, &links, &link, start.after(8));
            entries.push(create(&mut dice, measured));
        }
        if !last {
            start = start.after(dice.within(20, 400) * DAY);
        }
    }

    // Later: the last visit is over, and the patient has moved.
    let ids = Links { patient: format!("Patient/{id}"), ..links };
    let end = start.after(dice.within(15, 50));
    let encounter_id = format!("{id}-e{visits}");
    let encounter = resources::encounter(&encounter_id, &ids, start, Some(end));
    patient["address"] = json!([resources::address(&mut dice)]);
    let measured = resources::measurement(&mut dice, &ids, &format!("Encounter/{encounter_id}"), end);
    let later = vec![update(&mut dice, patient), update(&mut dice, encounter), create(&mut dice, measured)];
    [transaction(entries), transaction(later)]
}
