//! One write that a client asks for, and what it must come to.

use std::io;

use super::account::{Account, content_of};
use crate::dice::Dice;
use crate::http::{Client, Response};
use crate::json::{Json, parse};
use crate::resources::{bundle, observation, patient};

/// Patients and observations of one writer.
const PATIENTS: u64 = 3;
const OBSERVATIONS: u64 = 9;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) key: String,
    /// Stands in the content of everything that it writes.
    pub(super) note: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) if_match: Option<u32>,
    pub(super) body: Option<String>,
    pub(super) effects: Vec<Effect>,
    pub(super) is_transaction: bool,
}

/// One document that the request changes.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// `Type/id`, or `Type` where the server draws the id.
    pub(super) name: String,
    pub(super) is_drawn: bool,
    /// The version that it makes.
    pub(super) version: u32,
    /// What stands behind it: nothing for a deletion.
    pub(super) resource: Option<String>,
    /// Whether the document is there before.
    pub(super) was_live: bool,
    /// The link by which other entries mean it.
    link: Option<String>,
}

/// The answer for one effect: the document and its version.
pub(super) struct Acknowledged {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) content: Option<u64>,
}

impl Operation {
    /// Sends it.
    pub(super) fn send(&self, client: &mut Client) -> io::Result<Response> {
        let mut request = client.request(self.method, &self.path).header("idempotency-key", &self.key);
        if let Some(version) = self.if_match {
            request = request.header("if-match", &format!("W/\"{version}\""));
        }
        if let Some(body) = &self.body {
            request = request.header("content-type", "application/fhir+json").body(body.as_str());
        }
        request.try_send()
    }

    /// What a successful answer says; else why it is none.
    pub(super) fn read(&self, answer: &Response) -> Result<Vec<Acknowledged>, String> {
        let wrong = || format!("{} {} answers {}: {}", self.method, self.path, answer.status, answer.text());
        let said: Vec<(String, Option<String>, Option<u32>)> = if self.is_transaction {
            if answer.status != 200 {
                return Err(wrong());
            }
            let text = |value: &Json| value.as_str().map(str::to_owned);
            let read = |entry: &Json| {
                let response = &entry["response"];
                let version = response["etag"].as_str().and_then(crate::http::version_of);
                (text(&response["status"]).unwrap_or_default(), text(&response["location"]), version)
            };
            answer.json()["entry"].items().iter().map(read).collect()
        } else {
            let location = answer.header("location").map(str::to_owned);
            vec![(answer.status.to_string(), location, answer.version())]
        };
        if said.len() != self.effects.len() {
            return Err(wrong());
        }
        let mut links = Vec::new();
        for (effect, (status, location, version)) in self.effects.iter().zip(&said) {
            if !status.starts_with(effect.status()) || version.is_none() {
                return Err(wrong());
            }
            let name = match (effect.is_drawn, location.as_deref().and_then(name_in)) {
                (false, _) => effect.name.clone(),
                (true, Some(name)) => name,
                (true, None) => return Err(wrong()),
            };
            if let Some(link) = &effect.link {
                links.push((link.clone(), name.clone()));
            }
        }
        let effects = self.effects.iter().zip(&said).map(|(effect, (_, location, version))| {
            let name = match effect.is_drawn {
                true => location.as_deref().and_then(name_in).unwrap_or_default(),
                false => effect.name.clone(),
            };
            let content = effect.resource.as_ref().map(|resource| as_stored(resource, &name, &links));
            Acknowledged { name, version: version.unwrap_or(0), content }
        });
        Ok(effects.collect())
    }
}

impl Effect {
    /// The status that it must be answered with.
    fn status(&self) -> &'static str {
        match (&self.resource, self.was_live) {
            (None, _) => "204",
            (Some(_), true) => "200",
            (Some(_), false) => "201",
        }
    }

    /// The content that stands in the end, where it is known before the answer.
    pub(super) fn content(&self) -> Option<u64> {
        self.resource.as_ref().map(|resource| as_stored(resource, &self.name, &[]))
    }
}

/// The content of a resource once it has its id and links their targets.
fn as_stored(resource: &str, name: &str, links: &[(String, String)]) -> u64 {
    let mut text = resource.to_owned();
    for (link, target) in links {
        text = text.replace(link, target);
    }
    let mut json = parse(&text).unwrap();
    let id = name.split_once('/').map_or("", |(_, id)| id);
    json.set("id", Json::Text(id.to_owned()));
    content_of(&json)
}

/// `Type/id` from `http://…/fhir/Type/id/_history/1`.
fn name_in(location: &str) -> Option<String> {
    let (rest, _) = location.split_once("/_history/")?;
    let mut segments = rest.rsplit('/');
    let (id, kind) = (segments.next()?, segments.next()?);
    Some(format!("{kind}/{id}"))
}

/// Draws what the writer of that number does next. `number` counts its operations.
pub(super) fn draw(
    writer: usize,
    number: u64,
    dice: &mut Dice,
    account: &Account,
    transactions_only: bool,
) -> Operation {
    let mut maker = Maker { writer, note: format!("w{writer}n{number}"), account, effects: Vec::new() };
    let roll = if transactions_only { 99 } else { dice.below(100) };
    let of_patient = dice.below(PATIENTS);
    match roll {
        0..35 => maker.put_observation(dice.below(OBSERVATIONS)),
        35..45 => maker.create_observation(of_patient),
        45..55 => maker.delete_or_put(dice.below(OBSERVATIONS)),
        55..65 => maker.put_patient(of_patient),
        65..70 => maker.put_organization(),
        70..75 => maker.put_encounter(of_patient),
        _ => return maker.transaction(dice),
    }
    let with_condition = dice.below(3) > 0;
    maker.single(with_condition)
}

struct Maker<'a> {
    writer: usize,
    note: String,
    account: &'a Account,
    effects: Vec<Effect>,
}

impl Maker<'_> {
    fn add(&mut self, name: String, resource: Option<String>) {
        let version = self.account.version(&name) + 1;
        let was_live = self.account.is_live(&name);
        self.effects.push(Effect { name, is_drawn: false, version, resource, was_live, link: None });
    }

    fn patient(&self, number: u64) -> String {
        format!("Patient/w{}p{number}", self.writer)
    }

    fn put_observation(&mut self, number: u64) {
        let id = format!("w{}o{number}", self.writer);
        let resource = coded(&id, &self.patient(number % PATIENTS), &self.note);
        self.add(format!("Observation/{id}"), Some(resource));
    }

    fn delete_or_put(&mut self, number: u64) {
        let name = format!("Observation/w{}o{number}", self.writer);
        if self.account.is_live(&name) { self.add(name, None) } else { self.put_observation(number) }
    }

    fn put_patient(&mut self, number: u64) {
        let name = self.patient(number);
        let resource = patient(&name["Patient/".len()..], &self.note);
        self.add(name, Some(resource));
    }

    fn put_organization(&mut self) {
        let id = format!("w{}g", self.writer);
        let resource = format!(r#"{{"resourceType":"Organization","id":"{id}","name":"{}"}}"#, self.note);
        self.add(format!("Organization/{id}"), Some(resource));
    }

    fn put_encounter(&mut self, of_patient: u64) {
        let id = format!("w{}e{of_patient}", self.writer);
        let resource = format!(
            r#"{{"resourceType":"Encounter","id":"{id}","identifier":[{{"value":"{0}"}}],"status":"planned","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"{0}"}},"subject":{{"reference":"{1}"}}}}"#,
            self.note,
            self.patient(of_patient)
        );
        self.add(format!("Encounter/{id}"), Some(resource));
    }

    fn create_observation(&mut self, of_patient: u64) {
        self.create("Observation", coded("", &self.patient(of_patient), &self.note), None);
    }

    fn create(&mut self, kind: &str, resource: String, link: Option<String>) {
        let (name, resource) = (kind.to_owned(), Some(resource));
        self.effects.push(Effect { name, is_drawn: true, version: 1, resource, was_live: false, link });
    }

    /// A new patient with an observation: a record that is not there yet.
    fn create_record(&mut self, dice: &mut Dice) {
        let link =
            format!("urn:uuid:{:08x}-0000-4000-8000-{:012x}", dice.below(1 << 32), dice.below(1 << 32));
        let resource = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{}"}}]}}"#, self.note);
        let about = coded("", &link, &self.note);
        self.create("Patient", resource, Some(link));
        self.create("Observation", about, None);
    }

    fn single(self, with_condition: bool) -> Operation {
        let effect = self.effects[0].clone();
        let method = match (&effect.resource, effect.is_drawn) {
            (None, _) => "DELETE",
            (Some(_), true) => "POST",
            (Some(_), false) => "PUT",
        };
        Operation {
            key: self.note.clone(),
            note: self.note,
            method,
            path: format!("/fhir/{}", effect.name),
            if_match: (with_condition && effect.was_live).then_some(effect.version - 1),
            body: effect.resource.clone(),
            effects: vec![effect],
            is_transaction: false,
        }
    }

    /// Several records and the registry at once.
    fn transaction(mut self, dice: &mut Dice) -> Operation {
        let first = dice.below(OBSERVATIONS);
        self.put_observation(first);
        self.put_observation((first + 1) % OBSERVATIONS);
        self.delete_or_put((first + 2) % OBSERVATIONS);
        self.put_organization();
        if dice.below(2) == 0 {
            self.create_observation(dice.below(PATIENTS));
        }
        if dice.below(3) == 0 {
            self.put_patient(dice.below(PATIENTS));
        }
        if dice.below(60) == 0 {
            self.create_record(dice);
        }
        let entries: Vec<_> = self.effects.iter().map(as_entry).collect();
        Operation {
            key: self.note.clone(),
            note: self.note,
            method: "POST",
            path: "/fhir".to_owned(),
            if_match: None,
            body: Some(bundle("transaction", &entries)),
            effects: self.effects,
            is_transaction: true,
        }
    }
}

/// An Observation that is found by its note.
fn coded(id: &str, patient: &str, note: &str) -> String {
    let coding = format!(r#""code":{{"coding":[{{"code":"{note}"}}],"#);
    observation(id, patient, note).replace(r#""code":{"#, &coding)
}

fn as_entry(effect: &Effect) -> String {
    let method = match (&effect.resource, effect.is_drawn) {
        (None, _) => "DELETE",
        (Some(_), true) => "POST",
        (Some(_), false) => "PUT",
    };
    let condition = match effect.was_live {
        true => format!(r#","ifMatch":"W/\"{}\"""#, effect.version - 1),
        false => String::new(),
    };
    let entry = crate::resources::entry(method, &effect.name, &condition, effect.resource.as_deref());
    match &effect.link {
        Some(link) => entry.replacen('{', &format!(r#"{{"fullUrl":"{link}","#), 1),
        None => entry,
    }
}
