//! What the end-to-end tests share. The tests themselves stand beside it, one folder a figure.
