//! Route declarations, request context, error mapping, health
