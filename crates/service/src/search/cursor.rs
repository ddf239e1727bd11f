//! Page links: what a later page must know, sealed so that nobody but the server reads or changes
//! it, and nobody but the one it was given to uses it.
//!
//! A cursor is `base64url(epoch id ‖ nonce ‖ AES-256-GCM(deflate(postcard(payload))))`. The key comes
//! from the epoch's secret and the tenant; the principal is authenticated with it. The server keeps
//! nothing: a query that is long is compressed, not stored.
//! The nonce is a keyed hash of what is sealed, so two payloads never share one and equal payloads
//! give equal links.

use std::io::{Read, Write};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use vpr_types::{PrincipalId, TenantName};

/// Bytes of a payload before it is compressed; a link that claims more is no link of ours.
const PAYLOAD_BYTES_MAX: u64 = 1024 * 1024;
const EPOCH_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;

/// Seals and opens the page links of one tenant for one principal while one epoch lasts.
pub(crate) struct Seal {
    epoch: [u8; EPOCH_BYTES],
    key: [u8; 32],
    whose: Vec<u8>,
}

/// Why a cursor is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadCursor {
    /// It belongs to a projection that was rebuilt since.
    Gone,
    /// It was altered, or given to somebody else.
    Broken,
}

impl Seal {
    pub(crate) fn new(
        (epoch, secret): (&[u8; EPOCH_BYTES], &[u8; 32]),
        tenant: &TenantName,
        principal: &PrincipalId,
    ) -> Self {
        let key = hash(&[b"vpr cursor key 1", secret, tenant.as_str().as_bytes()]);
        let whose = [epoch.as_slice(), tenant.as_str().as_bytes(), b"\0", principal.as_str().as_bytes()];
        Self { epoch: *epoch, key, whose: whose.concat() }
    }

    /// The cursor that carries `payload`; `None` if it cannot be one.
    pub(crate) fn seal<T: Serialize>(&self, payload: &T) -> Option<String> {
        let plain =
            postcard::to_stdvec(payload).ok().filter(|plain| plain.len() as u64 <= PAYLOAD_BYTES_MAX)?;
        let mut deflate =
            flate2::write::DeflateEncoder::new(Vec::with_capacity(plain.len()), flate2::Compression::best());
        deflate.write_all(&plain).ok()?;
        let small = deflate.finish().ok()?;
        let nonce = self.nonce(&small);
        let sealed =
            self.cipher().encrypt(&Nonce::from(nonce), Payload { msg: &small, aad: &self.whose }).ok()?;
        Some(URL_SAFE_NO_PAD.encode([self.epoch.as_slice(), &nonce, &sealed].concat()))
    }

    /// What `cursor` carries.
    pub(crate) fn open<T: DeserializeOwned>(&self, cursor: &str) -> Result<T, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BadCursor::Broken)?;
        let (epoch, rest) = bytes.split_first_chunk::<EPOCH_BYTES>().ok_or(BadCursor::Broken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(BadCursor::Broken)?;
        if *epoch != self.epoch {
            return Err(BadCursor::Gone);
        }
        let small = self
            .cipher()
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &self.whose })
            .map_err(|_| BadCursor::Broken)?;
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(small.as_slice())
            .take(PAYLOAD_BYTES_MAX)
            .read_to_end(&mut plain)
            .map_err(|_| BadCursor::Broken)?;
        postcard::from_bytes(&plain).map_err(|_| BadCursor::Broken)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.key))
    }

    fn nonce(&self, plain: &[u8]) -> [u8; NONCE_BYTES] {
        let whole = hash(&[b"vpr cursor nonce 1", &self.key, &self.whose, plain]);
        let mut nonce = [0; NONCE_BYTES];
        for (to, from) in nonce.iter_mut().zip(whole) {
            *to = from;
        }
        nonce
    }
}

/// SHA-256 over parts, each preceded by its length.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(epoch: u8, secret: u8, tenant: &str, principal: &str) -> Seal {
        let (epoch, secret) = ([epoch; 8], [secret; 32]);
        Seal::new((&epoch, &secret), &TenantName::new(tenant).unwrap(), &PrincipalId::new(principal).unwrap())
    }

    #[test]
    fn only_whom_it_was_given_to_opens_it() {
        let own = seal(1, 1, "a", "dev");
        let payload = (vec!["name=x".to_owned()], 7_u64);
        let cursor = own.seal(&payload).unwrap();
        assert_eq!(own.open::<(Vec<String>, u64)>(&cursor), Ok(payload));
        for (other, wanted) in [
            (seal(1, 1, "b", "dev"), BadCursor::Broken),
            (seal(1, 1, "a", "other"), BadCursor::Broken),
            (seal(1, 2, "a", "dev"), BadCursor::Broken),
            (seal(2, 1, "a", "dev"), BadCursor::Gone),
        ] {
            assert_eq!(other.open::<(Vec<String>, u64)>(&cursor), Err(wanted));
        }
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let own = seal(1, 1, "a", "dev");
        let cursor = own.seal(&(1_u64, "x".repeat(50))).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let wanted = if at < EPOCH_BYTES { BadCursor::Gone } else { BadCursor::Broken };
            let opened = own.open::<(u64, String)>(&URL_SAFE_NO_PAD.encode(&changed));
            assert_eq!(opened, Err(wanted), "byte {at}");
        }
        for short in 0..cursor.len() {
            assert!(own.open::<(u64, String)>(&cursor[..short]).is_err(), "{short}");
        }
        assert_eq!(own.open::<u64>("%%"), Err(BadCursor::Broken));
    }

    #[test]
    fn it_tells_nothing_and_a_long_query_stays_short() {
        let own = seal(1, 1, "a", "dev");
        let long: Vec<String> =
            (0..400).map(|number| format!("identifier=http://a.example/ids|{number}")).collect();
        let cursor = own.seal(&long).unwrap();
        assert!(cursor.len() < 4096, "{}", cursor.len());
        assert!(!cursor.contains("identifier"));
        assert_eq!(own.open::<Vec<String>>(&cursor).unwrap(), long);
        assert!(own.seal(&"x".repeat(2 * 1024 * 1024)).is_none());
    }
}
