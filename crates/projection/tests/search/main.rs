//! Searches on SQLite against a judge that looks at every resource and shares no code with them.

mod changes;
mod histories;
mod includes;
mod judge;
mod questions;
mod searches;
mod world;
