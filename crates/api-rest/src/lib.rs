//! The HTTP protocols
