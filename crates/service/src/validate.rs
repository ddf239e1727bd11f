use vpr_codec::{Style, Value};
use vpr_fhir::{Issue, IssueType, OperationOutcome, ResourceType, Severity, ValidateOptions};

use crate::answer::Answer;
use crate::failure::{Failure, FailureKind};
use crate::validated::{is_of_type, parse};
use crate::work::{Work, named, resource_type};

/// What the resource would be used for (`http://hl7.org/fhir/ValueSet/resource-validation-mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
    Delete,
}

/// The input of the operation.
struct Input<'a> {
    resource: Option<Value<'a>>,
    mode: Option<Mode>,
}

impl Work<'_> {
    /// `$validate` (FHIR R4, resource-operation-validate): 200 with what was found, good or bad,
    /// if only the resource can be read.
    pub(crate) fn validate(
        &mut self,
        type_name: &str,
        id: Option<&str>,
        body: Vec<u8>,
        mode: Option<&str>,
        profile: bool,
    ) -> Result<Answer, Failure> {
        let known = resource_type(type_name)?;
        let name = id.map(|id| named(known, id)).transpose()?;
        if profile {
            return Err(no_profiles());
        }
        let mode = mode.map(Mode::parse).transpose()?;
        let json = parse(body)?;
        let input = Input::read(json.root(), mode)?;
        let mut issues = Vec::new();
        match input.resource {
            None if input.mode == Some(Mode::Delete) => {}
            None => return Err(Failure::malformed("there is no resource to validate")),
            Some(resource) => {
                is_of_type(resource, known)?;
                issues = vpr_fhir::validate(resource, &ValidateOptions::default());
                if input.mode == Some(Mode::Update) {
                    issues.extend(wrong_id(resource, known, id));
                }
            }
        }
        if let (Some(Mode::Delete), Some(name)) = (input.mode, &name)
            && self.current(name)?.is_none()
        {
            let text = "there is nothing to delete";
            issues.push(Issue::new(Severity::Information, IssueType::NotFound, text));
        }
        Ok(Answer::new(200).with_body(OperationOutcome { issues }.to_json(Style::Compact)))
    }
}

impl<'a> Input<'a> {
    fn read(root: Value<'a>, mode: Option<Mode>) -> Result<Self, Failure> {
        let is_parameters = root.get("resourceType").and_then(Value::as_str).as_deref() == Some("Parameters");
        if !is_parameters {
            return Ok(Self { resource: root.is_object().then_some(root), mode });
        }
        let mut input = Self { resource: None, mode };
        for parameter in root.get("parameter").into_iter().flat_map(Value::items) {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str);
            match text("name").as_deref() {
                Some("resource") => input.resource = parameter.get("resource"),
                Some("mode") => {
                    let mode = text("valueCode").or_else(|| text("valueString"));
                    input.mode = Some(Mode::parse(mode.as_deref().unwrap_or_default())?);
                }
                Some("profile") => return Err(no_profiles()),
                _ => {
                    return Err(Failure::malformed("the operation takes resource, mode and profile")
                        .about("Parameters.parameter.name"));
                }
            }
        }
        Ok(input)
    }
}

impl Mode {
    fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "delete" => Ok(Self::Delete),
            "profile" => Err(no_profiles()),
            _ => Err(Failure::new(
                FailureKind::Malformed,
                IssueType::CodeInvalid,
                "mode is create, update or delete",
            )),
        }
    }
}

fn no_profiles() -> Failure {
    Failure::not_supported("validation against a profile is not supported")
}

/// An update must repeat the id of its URL (FHIR R4 §3.1.0.4).
fn wrong_id(resource: Value<'_>, known: ResourceType, id: Option<&str>) -> Option<Issue> {
    let says = resource.get("id").and_then(Value::as_str);
    let wrong = match id {
        Some(id) => says.as_deref() != Some(id),
        None => says.is_none(),
    };
    wrong.then(|| {
        Issue::new(Severity::Error, IssueType::Invalid, "an update must repeat the id of its URL")
            .at(format!("{known}.id"))
    })
}
