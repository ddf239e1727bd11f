use vpr_fhir::IssueType;
use vpr_store::directory::VersionRow;
use vpr_types::DocumentName;

use crate::answer::{Answer, Stamp};
use crate::conditions::{ReadConditions, parse_version};
use crate::failure::{Failure, FailureKind};
use crate::operation::Target;
use crate::work::{Work, document, is_deletion};

impl Work<'_> {
    /// FHIR R4 §3.1.0.1.
    pub(crate) fn read(&mut self, target: &Target, conditions: &ReadConditions) -> Result<Answer, Failure> {
        let name = document(target)?;
        let found = self.inner.engine.read(self.tenant(), &name)?.ok_or_else(|| absent(&name))?;
        self.trail.wait_for(found.barrier);
        self.version_answer(&name, &found.row, conditions)
    }

    /// FHIR R4 §3.1.0.2.
    pub(crate) fn vread(
        &mut self,
        target: &Target,
        version: &str,
        conditions: &ReadConditions,
    ) -> Result<Answer, Failure> {
        let name = document(target)?;
        if !vpr_fhir::is_id(version) {
            return Err(Failure::new(
                FailureKind::Malformed,
                IssueType::Value,
                "the version id has not the form of an id",
            ));
        }
        let found = match parse_version(version) {
            Some(version) => self.inner.engine.version(self.tenant(), &name, version)?,
            None => None,
        };
        let found = found.ok_or_else(|| Failure::not_found(format!("{name} has no such version")))?;
        self.trail.wait_for(found.barrier);
        self.version_answer(&name, &found.row, conditions)
    }

    pub(crate) fn version_answer(
        &mut self,
        name: &DocumentName,
        row: &VersionRow,
        conditions: &ReadConditions,
    ) -> Result<Answer, Failure> {
        self.trail.touched(name, Some(row.version));
        if is_deletion(row) {
            return Err(gone(name, row));
        }
        if conditions.not_modified(row.version, row.time.seconds()) {
            return Ok(Answer::new(304).with_stamp(row.version, row.time));
        }
        let body = self.rendered(name, row)?;
        self.fits(body.len())?;
        Ok(Answer::new(200).with_body(body).with_stamp(row.version, row.time))
    }
}

impl Work<'_> {
    /// Counts what was read for the answer, and refuses what makes it too large.
    pub(crate) fn fits(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.trail.has_room_for(bytes) {
            return Ok(());
        }
        Err(too_much())
    }
}

pub(crate) fn too_much() -> Failure {
    let text = "the answer is larger than is given at once; ask for fewer resources";
    Failure::new(FailureKind::TooLarge, IssueType::TooCostly, text)
}

pub(crate) fn absent(name: &DocumentName) -> Failure {
    Failure::not_found(format!("there is no {name}"))
}

pub(crate) fn gone(name: &DocumentName, row: &VersionRow) -> Failure {
    let text = format!("{name} was deleted as version {}", row.version);
    let stamp = Some(Stamp { version: row.version, time: row.time });
    Failure { stamp, ..Failure::new(FailureKind::Gone, IssueType::Deleted, text) }
}
