//! Writes that a search decides (FHIR R4 §3.1.0.4.3, §3.1.0.7.1, §3.1.0.8.1), without a race.
//!
//! The search runs on the projection, at its seq, before any lock ([`Ticket`]). Then the gates of all
//! types that the criteria touch are closed, the same predicate is evaluated in memory over what
//! happened since, and what it decides is committed before the gates open again. So of any number of
//! equal conditional creates exactly one creates, however their criteria are spelled.
//! Criteria that memory cannot evaluate (chains) wait, with the gates closed, until the projection
//! has caught up.

mod criteria;
mod single;
mod ticket;

pub(crate) use criteria::Criteria;
pub(crate) use ticket::{Ticket, fulfills};
