//! The same changes and the same questions to both databases: every answer must be the same, page
//! by page.

mod asks;
mod equal;
mod measure;
mod processes;
mod resources;
mod world;
