//! The questions that operators ask: one path for the process that holds the data directory and
//! for the one that asks it over the Unix socket.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use vpr_codec::{Json, Limits, Value};
use vpr_types::DocumentName;

use crate::connection::Connection;
use crate::failure::Failure;

/// Where the operator's routes stand on the Unix socket, beside the FHIR routes.
pub(crate) const PREFIX: &str = "/operator";

/// An open way to the operator's routes.
pub(crate) struct Operator(pub(crate) Connection);

impl Operator {
    /// Asks and reads the JSON answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Json, Failure> {
        json(&self.ask(Method::GET, path, Bytes::new()).await?)
    }

    /// Has something done and reads the JSON answer.
    pub(crate) async fn post(&self, path: &str, body: String) -> Result<Json, Failure> {
        json(&self.ask(Method::POST, path, Bytes::from(body)).await?)
    }

    /// Asks; an answer that is no success becomes a failure in the server's words.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Bytes>, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{PREFIX}{path}"))
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(Failure::of)?;
        let answer = self.0.send(request).await.map_err(Failure::of)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let said = Json::parse(answer.body().to_vec(), &Limits::default()).ok();
        let message = said.as_ref().and_then(|json| text(json.root().get("error")?, "message"));
        Err(Failure::Failed(message.unwrap_or_else(|| answer.status().to_string())))
    }

    /// The UUID of a record, or `registry`: what the routes call it.
    pub(crate) async fn record(&self, tenant: &str, record: &str) -> Result<String, Failure> {
        if record == "registry" {
            return Ok(record.to_owned());
        }
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_');
        if record.is_empty() || !record.chars().all(good) {
            return Err(Failure::Usage("a record is Patient/<id>, a record's UUID, or registry".to_owned()));
        }
        let answer = self.get(&format!("/tenants/{tenant}/record?key={record}")).await?;
        text(answer.root(), "record").ok_or_else(|| Failure::Failed("the answer names no record".to_owned()))
    }

    /// The versions of a document, newest first, once it is sure that it belongs to `record`.
    pub(crate) async fn versions(
        &self,
        tenant: &str,
        record: &str,
        document: &DocumentName,
    ) -> Result<Vec<VersionLine>, Failure> {
        let record = self.record(tenant, record).await?;
        let answer = self.get(&format!("/tenants/{tenant}/documents/{document}/versions")).await?;
        let versions: Vec<_> = items(answer.root(), "versions").filter_map(VersionLine::read).collect();
        let here = |line: &VersionLine| match record.as_str() {
            "registry" => line.part == "registry",
            uuid => line.record == uuid && line.part != "registry",
        };
        if versions.iter().any(here) {
            Ok(versions)
        } else {
            Err(Failure::Failed(format!("{document} is not in this record")))
        }
    }

    /// The stored bytes of one version; `None` for the version of a deletion.
    pub(crate) async fn content(
        &self,
        tenant: &str,
        document: &DocumentName,
        version: u32,
    ) -> Result<Option<Bytes>, Failure> {
        let path = format!("/tenants/{tenant}/documents/{document}?version={version}");
        let request = Request::get(format!("{PREFIX}{path}")).header(HOST, "localhost").body(Bytes::new());
        let answer = self.0.send(request.map_err(Failure::of)?).await.map_err(Failure::of)?;
        match answer.status() {
            StatusCode::GONE => Ok(None),
            status if status.is_success() => Ok(Some(answer.into_body())),
            StatusCode::NOT_FOUND => Err(Failure::Failed(format!("{document} has no version {version}"))),
            status => Err(Failure::Failed(status.to_string())),
        }
    }
}

/// One version of a document.
#[derive(Debug)]
pub(crate) struct VersionLine {
    pub(crate) version: u32,
    pub(crate) time: String,
    record: String,
    part: String,
}

impl VersionLine {
    fn read(value: Value<'_>) -> Option<Self> {
        Some(Self {
            version: number(value, "version")?,
            time: text(value, "time")?,
            record: text(value, "record").unwrap_or_default(),
            part: text(value, "part")?,
        })
    }
}

/// `Type/id` as the command line names it.
pub(crate) fn document(text: &str) -> Result<DocumentName, Failure> {
    let (collection, id) =
        text.split_once('/').ok_or_else(|| Failure::Usage("a document is Type/id".to_owned()))?;
    DocumentName::new(collection, id).map_err(|error| Failure::Usage(format!("the document's {error}")))
}

fn json(answer: &Response<Bytes>) -> Result<Json, Failure> {
    let limits = Limits { bytes_max: u32::MAX as usize, ..Limits::default() };
    Json::parse(answer.body().to_vec(), &limits).map_err(Failure::of)
}

/// A text member.
pub(crate) fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(std::borrow::Cow::into_owned)
}

/// A number member.
pub(crate) fn number<T: std::str::FromStr>(value: Value<'_>, name: &str) -> Option<T> {
    value.get(name)?.number_text()?.parse().ok()
}

/// The items of an array member.
pub(crate) fn items<'a>(value: Value<'a>, name: &str) -> impl Iterator<Item = Value<'a>> {
    value.get(name).into_iter().flat_map(Value::items)
}
