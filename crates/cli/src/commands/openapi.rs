use crate::failure::Failure;
use crate::output::Output;

/// `vpr openapi`
pub(crate) fn run() -> Result<(), Failure> {
    let mut output = Output::new();
    output.bytes(vpr_api_shared::openapi().as_bytes())?;
    output.flush()
}
