use std::collections::BTreeMap;

use vpr_types::Part;

use crate::arguments::TenantArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, text};
use crate::output::Output;

/// `vpr list`
pub(crate) async fn run(config: &Config, arguments: &TenantArguments) -> Result<(), Failure> {
    let tenant = super::tenant(arguments.tenant.as_deref(), config)?;
    let opened = Opened::open(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let listed = list(&operator, tenant.as_str()).await;
    drop(operator);
    opened.close()?;
    listed
}

async fn list(operator: &Operator, tenant: &str) -> Result<(), Failure> {
    let answer = operator.get(&format!("/tenants/{tenant}/records")).await?;
    let mut output = Output::new();
    let mut rows = Vec::new();
    let mut records: Vec<_> = items(answer.root(), "records").filter_map(|r| text(r, "record")).collect();
    records.push("registry".to_owned());
    for record in records {
        let path = format!("/tenants/{tenant}/records/{record}/documents");
        let answer = operator.get(&path).await?;
        rows.push(Summary::of(record, items(answer.root(), "documents")).row());
    }
    let heads = [
        "record",
        "patient",
        Part::Demographics.as_str(),
        Part::Clinical.as_str(),
        Part::Coordination.as_str(),
        Part::Registry.as_str(),
        "last change",
    ];
    output.table(heads, &rows)?;
    output.flush()
}

/// What one line says of a record.
struct Summary {
    record: String,
    patient: String,
    documents: BTreeMap<String, u64>,
    last: String,
}

impl Summary {
    fn of<'a>(record: String, documents: impl Iterator<Item = vpr_codec::Value<'a>>) -> Self {
        let mut summary =
            Self { record, patient: String::new(), documents: BTreeMap::new(), last: String::new() };
        for document in documents {
            let member = |name| text(document, name).unwrap_or_default();
            let (name, time) = (member("name"), member("time"));
            if summary.patient.is_empty() && summary.record != "registry" && name.starts_with("Patient/") {
                summary.patient = name;
            }
            // Times are of one form, so the greatest text is the latest time.
            summary.last = summary.last.max(time);
            if member("operation") != "delete" {
                *summary.documents.entry(member("part")).or_default() += 1;
            }
        }
        summary
    }

    fn row(self) -> [String; 7] {
        let count = |part: Part| self.documents.get(part.as_str()).map_or_else(String::new, u64::to_string);
        let counts = [Part::Demographics, Part::Clinical, Part::Coordination, Part::Registry].map(count);
        let [demographics, clinical, coordination, registry] = counts;
        [self.record, self.patient, demographics, clinical, coordination, registry, self.last]
    }
}
