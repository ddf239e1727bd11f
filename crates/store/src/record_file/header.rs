//! The first 64 bytes of a segment, all numbers little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 7 | `VPR-LOG` |
//! | 7 | 1 | version 1 |
//! | 8 | 8 | which log: `feed`, `access`, `state`, filled with zeros |
//! | 16 | 8 | the position of its first record |
//! | 24 | 32 | the chain before its first record |
//! | 56 | 8 | XXH3-64 of bytes 0 to 56 |

use sha2::{Digest as _, Sha256};
use vpr_types::{Digest, TenantName};
use xxhash_rust::xxh3::xxh3_64;

pub(super) const HEADER_BYTES: usize = 64;
pub(super) const HEADER_BYTES_U64: u64 = 64;
const MAGIC: &[u8; 7] = b"VPR-LOG";
const VERSION: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) first: u64,
    pub(super) chain: Digest,
}

pub(super) enum HeaderFault {
    Broken,
    Version(u8),
}

impl Header {
    pub(super) fn encode(self, kind: &str) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..7].copy_from_slice(MAGIC);
        bytes[7] = VERSION;
        bytes[8..16].copy_from_slice(&kind_field(kind));
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..56].copy_from_slice(&self.chain.0);
        let sum = xxh3_64(&bytes[..56]);
        bytes[56..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    pub(super) fn parse(bytes: &[u8; HEADER_BYTES], kind: &str) -> Result<Self, HeaderFault> {
        let sum = xxh3_64(&bytes[..56]).to_le_bytes();
        if bytes[..7] != *MAGIC || bytes[56..] != sum {
            return Err(HeaderFault::Broken);
        }
        if bytes[7] != VERSION {
            return Err(HeaderFault::Version(bytes[7]));
        }
        if bytes[8..16] != kind_field(kind) {
            return Err(HeaderFault::Broken);
        }
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[16..24]);
        let mut chain = [0; 32];
        chain.copy_from_slice(&bytes[24..56]);
        Ok(Self { first: u64::from_le_bytes(first), chain: Digest(chain) })
    }
}

fn kind_field(kind: &str) -> [u8; 8] {
    let mut field = [0; 8];
    for (to, from) in field.iter_mut().zip(kind.bytes()) {
        *to = from;
    }
    field
}

/// The chain before the first record of a tenant's log: SHA-256 of `vpr <kind> 1 LF <tenant> LF`,
/// so that no log passes for another one.
pub(super) fn genesis(kind: &str, tenant: &TenantName) -> Digest {
    Digest(Sha256::digest(format!("vpr {kind} 1\n{tenant}\n")).into())
}
