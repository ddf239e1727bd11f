//! Operations at random.

use vpr_http_tests::Dice;
use vpr_search_tests::Write;
use vpr_service::{Answer, Failure, Operation, Tags, Target, WriteConditions, WriteOptions};
use vpr_types::DocumentName;

use crate::bodies;
use crate::coverage::Coverage;
use crate::life::{Home, Index, Life};

/// Does what the seed says and returns the life that is left; in the middle it may end, with or
/// without its index, and begin again.
pub fn run(home: &Home, index: &Index, covered: &mut Coverage) -> Life {
    let mut dice = Dice::new(home.seed.wrapping_add(99));
    let writes = bodies::writes(home.seed, &mut dice);
    done(home, index, &writes, &mut dice, covered)
}

/// The same with so many times the writes.
pub fn run_long(home: &Home, index: &Index, times: u64, covered: &mut Coverage) -> Life {
    let mut dice = Dice::new(home.seed.wrapping_add(99));
    let writes: Vec<Write> =
        (0..times).flat_map(|time| bodies::writes(home.seed + time, &mut dice)).collect();
    done(home, index, &writes, &mut dice, covered)
}

fn done(home: &Home, index: &Index, writes: &[Write], dice: &mut Dice, covered: &mut Coverage) -> Life {
    let mut life = home.start(index);
    let restart_at = usize::try_from(dice.below(2 * writes.len() as u64)).unwrap();
    let mut rest = writes;
    while !rest.is_empty() {
        home.clock.advance(pause(dice));
        let done = step(&life, dice, rest, covered);
        let before = writes.len() - rest.len();
        rest = &rest[done..];
        if (before..before + done).contains(&restart_at) {
            life.stop();
            if dice.below(2) == 0 {
                crate::loss::take_index(home, index);
                covered.count("restart without the index");
            } else {
                covered.count("restart");
            }
            life = home.start(index);
        }
    }
    life
}

/// Mostly little time passes, sometimes so much that old pages are let go.
fn pause(dice: &mut Dice) -> i64 {
    match dice.below(12) {
        0 => 3_600_000_000 + i64::try_from(dice.below(86_400_000_000)).unwrap(),
        1..=3 => i64::try_from(dice.below(5_000_000)).unwrap(),
        // The same moment again.
        4 => 0,
        _ => i64::try_from(dice.below(20_000)).unwrap(),
    }
}

/// Does one thing with the first of the writes; how many it used up.
fn step(life: &Life, dice: &mut Dice, writes: &[Write], covered: &mut Coverage) -> usize {
    match dice.below(14) {
        0 | 1 => return bundle(life, dice, writes, "transaction", covered),
        2 => return bundle(life, dice, writes, "batch", covered),
        3 => {
            let body = bodies::linked(dice.below(1_000)).into_bytes();
            let answer = life.perform(Operation::Bundle { body, options: WriteOptions::default() });
            took(covered, "transaction of linked creates", &answer);
        }
        _ => match &writes[0] {
            Write::Put(type_name, id, content) => {
                let there =
                    |name: &String| life.engine.read(&life.tenant, &document(name)).unwrap().is_some();
                if bodies::references(content).iter().any(|name| !there(name)) {
                    covered.count("reference to what is not there");
                }
                put(life, dice, (type_name, id), content, covered);
            }
            Write::Delete(type_name, id) => delete(life, dice, (type_name, id), covered),
        },
    }
    1
}

fn put(
    life: &Life,
    dice: &mut Dice,
    (type_name, id): (&str, &str),
    content: &vpr_http_tests::Json,
    covered: &mut Coverage,
) {
    let (type_name, options) = (type_name.to_owned(), WriteOptions::default());
    let criteria = bodies::by_identifier(content);
    match (dice.below(10), criteria) {
        (0, _) => {
            let body = bodies::without_id(content).into_bytes();
            let made = life.perform(Operation::Create { type_name, body, if_none_exist: None, options });
            took(covered, "create", &made);
        }
        (1 | 2, Some(criteria)) => {
            let (body, if_none_exist) = (bodies::without_id(content).into_bytes(), Some(criteria));
            let made = life.perform(Operation::Create { type_name, body, if_none_exist, options });
            let what = match &made {
                Ok(answer) if answer.status == 200 => "conditional create, found",
                _ => "conditional create, made",
            };
            took(covered, what, &made);
        }
        (3 | 4, Some(criteria)) => {
            let (body, conditions) = (bodies::without_id(content).into_bytes(), WriteConditions::default());
            let update = Operation::ConditionalUpdate { type_name, criteria, body, conditions, options };
            let made = life.perform(update);
            let what = match &made {
                Ok(answer) if answer.status == 201 => "conditional update, made",
                _ => "conditional update, found",
            };
            took(covered, what, &made);
        }
        (5, _) => {
            // Nobody has that version: nothing may come of it.
            let conditions =
                WriteConditions { if_match: Tags::parse("W/\"99\"").ok(), ..WriteConditions::default() };
            let target = Target { type_name, id: id.to_owned() };
            let body = content.to_string().into_bytes();
            let answer = life.perform(Operation::Update { target, body, conditions, options });
            assert!(answer.is_err(), "{id} has no version 99");
            took(covered, "update", &answer);
        }
        _ => update(life, &type_name, id, content, covered),
    }
}

fn update(life: &Life, type_name: &str, id: &str, content: &vpr_http_tests::Json, covered: &mut Coverage) {
    let name = document(&format!("{type_name}/{id}"));
    let before = life.engine.read(&life.tenant, &name).unwrap().map(|found| found.row);
    let answer = life.perform(Operation::Update {
        target: Target { type_name: type_name.to_owned(), id: id.to_owned() },
        body: content.to_string().into_bytes(),
        conditions: WriteConditions::default(),
        options: WriteOptions::default(),
    });
    took(covered, "update", &answer);
    let after = life.engine.read(&life.tenant, &name).unwrap().map(|found| found.row);
    let (Some(before), Some(after), Ok(_)) = (before, after, answer) else { return };
    let is_record = |part| part != vpr_types::Part::Registry;
    if before.object.is_none() {
        covered.count("return after deletion");
    } else if before.record != after.record && is_record(before.part) && is_record(after.part) {
        covered.count("moved to another record");
    }
}

fn delete(life: &Life, dice: &mut Dice, (type_name, id): (&str, &str), covered: &mut Coverage) {
    let options = WriteOptions::default();
    if dice.below(4) == 0 {
        let (type_name, criteria) = (type_name.to_owned(), format!("_id={id}"));
        let answer = life.perform(Operation::ConditionalDelete { type_name, criteria, options });
        took(covered, "conditional delete, done", &answer);
    } else {
        let target = Target { type_name: type_name.to_owned(), id: id.to_owned() };
        let conditions = WriteConditions::default();
        took(covered, "delete", &life.perform(Operation::Delete { target, conditions, options }));
    }
}

/// Several writes at once, none of them twice.
fn bundle(
    life: &Life,
    dice: &mut Dice,
    writes: &[Write],
    kind: &'static str,
    covered: &mut Coverage,
) -> usize {
    let most = 1 + usize::try_from(dice.below(10)).unwrap();
    let taken = (1..=most.min(writes.len()))
        .take_while(|count| {
            let last = writes[count - 1].name();
            writes[..count - 1].iter().all(|each| each.name() != last)
        })
        .count();
    let entries = writes[..taken].iter().map(|each| match each {
        Write::Put(.., content) => vpr_http_tests::entry("PUT", &each.name(), "", Some(&content.to_string())),
        Write::Delete(..) => vpr_http_tests::entry("DELETE", &each.name(), "", None),
    });
    let body = vpr_http_tests::bundle(kind, &entries.collect::<Vec<_>>()).into_bytes();
    took(covered, kind, &life.perform(Operation::Bundle { body, options: WriteOptions::default() }));
    taken
}

fn document(name: &str) -> DocumentName {
    let (type_name, id) = name.split_once('/').unwrap();
    DocumentName::new(type_name, id).unwrap()
}

/// What is asked wrongly may be refused, but nothing may fail.
fn took(covered: &mut Coverage, what: &'static str, answer: &Result<Answer, Failure>) {
    match answer {
        Ok(_) => covered.count(what),
        Err(failure) => {
            assert!(failure.kind.status() < 500, "{what}: {failure:?}");
            covered.count("refused");
        }
    }
}
