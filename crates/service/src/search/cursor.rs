//! Page links: what a later page must know, sealed so that nobody but the server reads or changes
//! it, and nobody but the one it was given to uses it.
//!
//! A cursor is `base64url(tag ‖ epoch id ‖ nonce ‖ AES-256-GCM(deflate(postcard(payload))))`. The key
//! comes from the epoch's secret and the tenant; the principal is authenticated with it. The server
//! keeps nothing: a query that is long is compressed, not stored.
//! The nonce is a keyed hash of what is sealed, so two payloads never share one and equal payloads
//! give equal links.
//!
//! The epoch's secret goes with its projection, so a cursor of an earlier one cannot be opened. The
//! tag is what tells it from an altered one: a keyed hash of all the rest, of tenant and principal,
//! under a key that comes from the tenant's namespace and lasts as long as the tenant.

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
const TAG_BYTES: usize = 16;
const EPOCH_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;

/// Seals and opens the page links of one tenant for one principal while one epoch lasts.
pub(crate) struct Seal {
    epoch: [u8; EPOCH_BYTES],
    key: [u8; 32],
    /// What tags are made with; the same in every epoch.
    lasting: [u8; 32],
    whose: Vec<u8>,
}

/// Why a cursor is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadCursor {
    /// It is one of ours, and belongs to a projection that was rebuilt since.
    Gone,
    /// It was altered, or given to somebody else.
    Broken,
}

impl Seal {
    /// `namespace` is the tenant's own, drawn when it was created.
    pub(crate) fn new(
        (epoch, secret): (&[u8; EPOCH_BYTES], &[u8; 32]),
        (tenant, namespace): (&TenantName, &[u8; 16]),
        principal: &PrincipalId,
    ) -> Self {
        let key = hash(&[b"vpr cursor key 1", secret, tenant.as_str().as_bytes()]);
        let lasting = hash(&[b"vpr cursor tag key 1", namespace, tenant.as_str().as_bytes()]);
        let whose = [tenant.as_str().as_bytes(), b"\0", principal.as_str().as_bytes()].concat();
        Self { epoch: *epoch, key, lasting, whose }
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
        let aad = self.bound();
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), Payload { msg: &small, aad: &aad }).ok()?;
        let rest = [self.epoch.as_slice(), &nonce, &sealed].concat();
        Some(URL_SAFE_NO_PAD.encode([self.tag(&rest).as_slice(), &rest].concat()))
    }

    /// What `cursor` carries.
    pub(crate) fn open<T: DeserializeOwned>(&self, cursor: &str) -> Result<T, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BadCursor::Broken)?;
        let (tag, rest) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(BadCursor::Broken)?;
        if *tag != self.tag(rest) {
            return Err(BadCursor::Broken);
        }
        let (epoch, rest) = rest.split_first_chunk::<EPOCH_BYTES>().ok_or(BadCursor::Broken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(BadCursor::Broken)?;
        if *epoch != self.epoch {
            return Err(BadCursor::Gone);
        }
        let aad = self.bound();
        let small = self
            .cipher()
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| BadCursor::Broken)?;
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(small.as_slice())
            .take(PAYLOAD_BYTES_MAX)
            .read_to_end(&mut plain)
            .map_err(|_| BadCursor::Broken)?;
        postcard::from_bytes(&plain).map_err(|_| BadCursor::Broken)
    }

    /// What is authenticated beside the payload.
    fn bound(&self) -> Vec<u8> {
        [self.epoch.as_slice(), &self.whose].concat()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.key))
    }

    fn nonce(&self, plain: &[u8]) -> [u8; NONCE_BYTES] {
        first(&hash(&[b"vpr cursor nonce 1", &self.key, &self.bound(), plain]))
    }

    /// What shows that a cursor is one of ours, whatever became of its epoch. It guards no content:
    /// who could forge one would be answered 410 instead of 400.
    fn tag(&self, rest: &[u8]) -> [u8; TAG_BYTES] {
        first(&hash(&[b"vpr cursor tag 1", &self.lasting, &self.whose, rest]))
    }
}

fn first<const N: usize>(whole: &[u8; 32]) -> [u8; N] {
    let mut part = [0; N];
    for (to, from) in part.iter_mut().zip(whole) {
        *to = *from;
    }
    part
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
        let (epoch, secret, tenant) = ([epoch; 8], [secret; 32], TenantName::new(tenant).unwrap());
        // Each tenant has drawn its own.
        let namespace = [tenant.as_str().as_bytes()[0]; 16];
        Seal::new((&epoch, &secret), (&tenant, &namespace), &PrincipalId::new(principal).unwrap())
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
            (seal(2, 2, "a", "dev"), BadCursor::Gone),
            // Of an earlier epoch, and somebody else's too.
            (seal(2, 2, "b", "dev"), BadCursor::Broken),
            (seal(2, 2, "a", "other"), BadCursor::Broken),
        ] {
            assert_eq!(other.open::<(Vec<String>, u64)>(&cursor), Err(wanted));
        }
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let own = seal(1, 1, "a", "dev");
        let cursor = own.seal(&(1_u64, "x".repeat(50))).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        // The same tenant and caller, when the projection was built again.
        let later = seal(2, 2, "a", "dev");
        assert_eq!(later.open::<(u64, String)>(&cursor), Err(BadCursor::Gone));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(&changed);
            for seal in [&own, &later] {
                assert_eq!(seal.open::<(u64, String)>(&changed), Err(BadCursor::Broken), "byte {at}");
            }
        }
        for short in 0..cursor.len() {
            for seal in [&own, &later] {
                let opened = seal.open::<(u64, String)>(&cursor[..short]);
                assert_eq!(opened, Err(BadCursor::Broken), "{short}");
            }
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
