//! Asking a real server: all pages there and back.

use std::collections::BTreeSet;

use vpr_http_tests::{Client, Json, Response};

use crate::answer::{Answer, Page};
use crate::query::Search;
use crate::world::World;

/// More pages are a walk in circles.
const PAGES_MAX: usize = 1_500;

/// A server refused a search.
#[derive(Debug)]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// The answer.
    pub text: String,
}

/// Asks a search of a server on `port` and walks its pages to the end and back; the documents must
/// be those of the world.
///
/// # Errors
/// When the server refuses it.
pub fn ask(client: &mut Client, search: &Search, world: &World) -> Result<Answer, Refused> {
    let mut answer = Answer::default();
    let mut seen = Seen { world, noticed: BTreeSet::new() };
    let mut bundle = first(client, search)?;
    answer.pages.push(seen.page(&bundle));
    while let Some(next) = link(&bundle, "next") {
        bundle = follow(client, &next)?;
        answer.pages.push(seen.page(&bundle));
        if answer.pages.len() > PAGES_MAX {
            seen.noticed.insert(format!("more than {PAGES_MAX} pages"));
            break;
        }
    }
    answer.backwards.push(seen.page(&bundle));
    while let Some(previous) = link(&bundle, "previous") {
        bundle = follow(client, &previous)?;
        answer.backwards.push(seen.page(&bundle));
        if answer.backwards.len() > answer.pages.len() {
            break;
        }
    }
    if answer.pages.len() == 1 && answer.backwards.len() == 1 {
        answer.backwards.clear();
    }
    answer.noticed = seen.noticed.into_iter().collect();
    Ok(answer)
}

/// The first page.
///
/// # Errors
/// When the server refuses it.
pub fn first(client: &mut Client, search: &Search) -> Result<Json, Refused> {
    let (path, parameters) = (search.path(), search.parameters());
    bundle_of(if search.by_form {
        client
            .request("POST", &format!("/fhir{path}/_search"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(parameters)
            .send()
    } else if parameters.is_empty() {
        client.get(&format!("/fhir{path}")).send()
    } else {
        client.get(&format!("/fhir{path}?{parameters}")).send()
    })
}

/// The page of a link.
///
/// # Errors
/// When the server refuses it.
pub fn follow(client: &mut Client, url: &str) -> Result<Json, Refused> {
    // `http://host:port/path`
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    bundle_of(client.get(&format!("/{path}")).send())
}

/// The URL of a link of a Bundle.
#[must_use]
pub fn link(bundle: &Json, relation: &str) -> Option<String> {
    let link = bundle["link"].items().iter().find(|link| link["relation"] == relation)?;
    link["url"].as_str().map(str::to_owned)
}

fn bundle_of(response: Response) -> Result<Json, Refused> {
    match response.status {
        200 => Ok(response.json()),
        status => Err(Refused { status, text: response.text() }),
    }
}

struct Seen<'w> {
    world: &'w World,
    noticed: BTreeSet<String>,
}

impl Seen<'_> {
    fn page(&mut self, bundle: &Json) -> Page {
        let mut page =
            Page { total: bundle["total"].as_count().and_then(|n| n.try_into().ok()), ..Page::default() };
        if bundle["resourceType"] != "Bundle" || bundle["type"] != "searchset" {
            self.noticed.insert("no searchset".to_owned());
        }
        if link(bundle, "self").is_none() {
            self.noticed.insert("no link `self`".to_owned());
        }
        for entry in bundle["entry"].items() {
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            let resource = &entry["resource"];
            let name = format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
            if !text(&entry["fullUrl"]).ends_with(&format!("/fhir/{name}")) {
                self.noticed.insert(format!("fullUrl of {name}: {}", entry["fullUrl"]));
            }
            match self.world.place(&name) {
                Some(at) if self.world.documents()[at].content.sorted() != resource.sorted() => {
                    self.noticed.insert(format!("{name} has another content than a read gives"));
                }
                _ => {}
            }
            match entry["search"]["mode"].as_str() {
                Some("match") => page.matches.push(name),
                Some("include") => page.included.push(name),
                other => {
                    self.noticed.insert(format!("mode {other:?} of {name}"));
                }
            }
        }
        page
    }
}
