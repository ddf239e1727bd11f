//! Bodies in and out: bounded on the way in, compressed on the way out where it pays.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use vpr_fhir::IssueType;

use crate::budget::Share;
use crate::rejection::Rejection;

/// Answers below this many bytes are sent as they are: they fit one packet anyway.
const COMPRESSED_BYTES_MIN: usize = 1_400;

/// Compressing or expanding more than this is work for a thread of its own.
const INLINE_BYTES_MAX: usize = 128 * 1024;

/// Expanded bytes are counted in steps of this many.
const STEP_BYTES: usize = 64 * 1024;

/// A body with its share of the budget, which it holds as long as it is kept.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) share: Share,
}

/// Reads a body of at most `bytes_max` bytes, before and after decompression. All of them count in
/// `share` as they come.
///
/// # Errors
/// 413 when it is larger, 415 for another coding than gzip, 400 when it cannot be read, 503 when
/// the budget is used up.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    share: Share,
) -> Result<Held, Rejection> {
    let gzip = is_gzip(headers)?;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > bytes_max) {
        return Err(too_large());
    }
    let mut held = collect(body, length.unwrap_or(0).min(STEP_BYTES), bytes_max, share).await?;
    if !gzip {
        return Ok(held);
    }
    if held.bytes.len() <= INLINE_BYTES_MAX / 8 {
        match expand(&held.bytes, bytes_max, &mut held.share, Duration::ZERO) {
            Err(rejection) if rejection.is_transient() => {}
            expanded => return Ok(Held { bytes: expanded?, share: held.share }),
        }
    }
    let expanding = tokio::task::spawn_blocking(move || {
        let bytes = expand(&held.bytes, bytes_max, &mut held.share, Share::WAIT_MAX)?;
        Ok(Held { bytes, share: held.share })
    });
    expanding.await.map_err(|_| Rejection::internal())?
}

async fn collect(
    mut body: Body,
    capacity: usize,
    bytes_max: usize,
    mut share: Share,
) -> Result<Held, Rejection> {
    let mut bytes = Vec::with_capacity(capacity);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Rejection::new(StatusCode::BAD_REQUEST, IssueType::Incomplete, "the body broke off")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > bytes_max - bytes.len() {
            return Err(too_large());
        }
        share.grow(data.len()).await?;
        bytes.extend_from_slice(&data);
    }
    Ok(Held { bytes, share })
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Rejection> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let gzip = match codings.next().map(|coding| coding.as_bytes()) {
        None => return Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case(b"identity") => false,
        Some(coding) if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") => {
            true
        }
        Some(_) => return Err(unsupported_coding()),
    };
    if codings.next().is_some() { Err(unsupported_coding()) } else { Ok(gzip) }
}

fn expand(bytes: &[u8], bytes_max: usize, share: &mut Share, wait: Duration) -> Result<Vec<u8>, Rejection> {
    let mut expanded = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes);
    loop {
        let step = STEP_BYTES.min(bytes_max - expanded.len() + 1);
        let read = decoder.by_ref().take(step as u64).read_to_end(&mut expanded).map_err(|_| {
            Rejection::new(StatusCode::BAD_REQUEST, IssueType::Structure, "the body is no valid gzip")
        })?;
        if expanded.len() > bytes_max {
            return Err(too_large());
        }
        share.grow_blocking(read, wait)?;
        if read < step {
            return Ok(expanded);
        }
    }
}

fn too_large() -> Rejection {
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, IssueType::TooLong, "the body is larger than is taken")
}

fn unsupported_coding() -> Rejection {
    let text = "the Content-Encoding is not supported; gzip is";
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, IssueType::NotSupported, text)
}

/// The gzip form of an answer; `None` where it does not pay.
pub(crate) async fn compress(body: &Bytes) -> Option<Bytes> {
    if body.len() < COMPRESSED_BYTES_MIN {
        return None;
    }
    if body.len() <= INLINE_BYTES_MAX {
        return gzip(body);
    }
    let body = body.clone();
    tokio::task::spawn_blocking(move || gzip(&body)).await.ok().flatten()
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    encoder.write_all(body).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < body.len()).then(|| compressed.into())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::budget::BodyBudget;

    fn share() -> Share {
        BodyBudget::new(1 << 20, 1 << 20).share()
    }

    async fn read_with(coding: Option<&'static str>, body: Vec<u8>, max: usize) -> Result<Vec<u8>, u16> {
        let mut headers = HeaderMap::new();
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let read = read(&headers, Body::from(body), max, share()).await;
        read.map(|held| held.bytes).map_err(|rejection| rejection.status.as_u16())
    }

    #[tokio::test]
    async fn bodies_are_bounded_before_and_after_expansion() {
        let zeros = vec![0_u8; 100_000];
        let small = gzip(&zeros).unwrap().to_vec();
        assert!(small.len() < 1_000);
        assert_eq!(read_with(None, zeros.clone(), 100_000).await, Ok(zeros.clone()));
        assert_eq!(read_with(None, zeros.clone(), 99_999).await, Err(413));
        assert_eq!(read_with(Some("gzip"), small.clone(), 100_000).await, Ok(zeros.clone()));
        assert_eq!(read_with(Some("gzip"), small.clone(), 99_999).await, Err(413));
        assert_eq!(read_with(Some("identity"), zeros.clone(), 100_000).await, Ok(zeros));
        assert_eq!(read_with(Some("gzip"), b"nothing of the kind".to_vec(), 1_000).await, Err(400));
        assert_eq!(read_with(Some("gzip"), small[..small.len() - 5].to_vec(), 100_000).await, Err(400));
        assert_eq!(read_with(Some("br"), small, 1_000).await, Err(415));
    }

    #[tokio::test]
    async fn small_answers_are_not_compressed_and_large_ones_come_back_equal() {
        assert_eq!(compress(&Bytes::from(vec![b'a'; COMPRESSED_BYTES_MIN - 1])).await, None);
        for length in [COMPRESSED_BYTES_MIN, 300_000] {
            let body = Bytes::from(vec![b'a'; length]);
            let compressed = compress(&body).await.unwrap();
            assert_eq!(expand(&compressed, length, &mut share(), Duration::ZERO).unwrap(), body);
        }
    }
}
