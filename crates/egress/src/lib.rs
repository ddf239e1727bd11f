//! The one outbound client
