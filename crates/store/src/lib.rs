//! Journal, directory, feed and Git: what makes a change durable
