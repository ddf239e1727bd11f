//! Which extractor made some keys.

use std::sync::LazyLock;

use crate::definitions::{Compartment, SearchParameter, Type, ValueSet};

/// Raised with every change of this module, of [`crate::listing`], or of how dates, units and text
/// are read, that gives other keys or listings than before.
const CODE: u64 = 4;

/// A number that differs whenever the same resource may give other keys than before: of the code,
/// of the definitions, and of the tables of UCUM and Unicode. Keys that another extractor made are
/// to be made again.
#[must_use]
pub fn extractor() -> u64 {
    static EXTRACTOR: LazyLock<u64> = LazyLock::new(of_everything);
    *EXTRACTOR
}

fn of_everything() -> u64 {
    let mut sum = Sum(0xcbf2_9ce4_8422_2325);
    sum.number(CODE);
    for each in SearchParameter::all() {
        sum.text(each.url());
        sum.text(each.code());
        sum.text(each.value_type().code());
        sum.text(each.expression());
        each.bases().iter().for_each(|base| sum.text(base));
        for (part, expression) in each.components() {
            sum.text(part.url());
            sum.text(expression);
        }
    }
    for compartment in Compartment::all() {
        sum.text(compartment.code());
        for (resource, parameters) in compartment.members() {
            sum.text(resource.name());
            parameters.iter().for_each(|parameter| sum.text(parameter));
        }
    }
    for member in Type::all().flat_map(Type::members) {
        sum.text(member.name());
        sum.text(member.value_type().name());
        let value_set = member.binding().and_then(|binding| binding.value_set());
        sum.text(value_set.map_or("", ValueSet::url));
    }
    for value_set in ValueSet::all() {
        sum.text(value_set.url());
        for (code, system) in value_set.codes() {
            sum.text(code);
            sum.text(system);
        }
    }
    sum.text(octofhir_ucum::UCUM_VERSION);
    let (major, minor, update) = unicode_normalization::UNICODE_VERSION;
    [major, minor, update].into_iter().for_each(|part| sum.number(part.into()));
    sum.0
}

/// FNV-1a.
struct Sum(u64);

impl Sum {
    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.byte(0xff);
    }

    fn number(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
