//! What the tests through the real doors share.
