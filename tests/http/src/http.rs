//! A small blocking HTTP/1.1 client with keep-alive, over TCP or a Unix socket.
//!
//! It never sends anything twice: whether a request whose answer is missing took effect is what
//! some of these tests are about.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::json::{Json, parse};

/// FHIR's media type for JSON.
const FHIR_JSON: &str = "application/fhir+json";
/// The server closes a connection on which nothing comes for a while; this one does not wait for it.
const IDLE_MAX: Duration = Duration::from_secs(3);
const ANSWER_MAX: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
enum Address {
    Tcp(u16),
    Unix(PathBuf),
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One client, with one connection that is kept.
pub struct Client {
    address: Address,
    open: Option<(BufReader<Box<dyn Stream>>, Instant)>,
}

/// A request on its way.
#[must_use]
pub struct Request<'a> {
    client: &'a mut Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came, not expanded.
    pub body: Vec<u8>,
}

impl Client {
    pub(crate) fn tcp(port: u16) -> Self {
        Self { address: Address::Tcp(port), open: None }
    }

    pub(crate) fn unix(path: &Path) -> Self {
        Self { address: Address::Unix(path.to_owned()), open: None }
    }

    /// Any request. The path is taken as it is.
    pub fn request(&mut self, method: &str, path: &str) -> Request<'_> {
        let (method, path) = (method.to_owned(), path.to_owned());
        Request { client: self, method, path, headers: Vec::new(), body: None }
    }

    /// `GET`
    pub fn get(&mut self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    /// `POST` of a resource as FHIR JSON.
    pub fn post(&mut self, path: &str, body: impl Into<Vec<u8>>) -> Request<'_> {
        self.request("POST", path).header("content-type", FHIR_JSON).body(body)
    }

    /// `PUT` of a resource as FHIR JSON.
    pub fn put(&mut self, path: &str, body: impl Into<Vec<u8>>) -> Request<'_> {
        self.request("PUT", path).header("content-type", FHIR_JSON).body(body)
    }

    /// `DELETE`
    pub fn delete(&mut self, path: &str) -> Request<'_> {
        self.request("DELETE", path)
    }

    /// Sends bytes on a connection of their own and reads one answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<Response> {
        let mut reader = BufReader::new(self.connect()?);
        reader.get_mut().write_all(bytes)?;
        Ok(read_response(&mut reader, false)?.0)
    }

    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match &self.address {
            Address::Tcp(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port))?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(ANSWER_MAX))?;
                stream.set_write_timeout(Some(ANSWER_MAX))?;
                Ok(Box::new(stream))
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(ANSWER_MAX))?;
                Ok(Box::new(stream))
            }
        }
    }

    fn exchange(&mut self, bytes: &[u8], is_head: bool) -> io::Result<Response> {
        let mut reader = match self.open.take() {
            Some((reader, last)) if last.elapsed() < IDLE_MAX => reader,
            _ => BufReader::with_capacity(64 * 1024, self.connect()?),
        };
        // A server that refuses a body answers before it has read it: its answer counts.
        let sent = reader.get_mut().write_all(bytes);
        let (response, keep) = match (read_response(&mut reader, is_head), sent) {
            (Ok(answer), _) => answer,
            (Err(error), Ok(())) | (Err(_), Err(error)) => return Err(error),
        };
        if keep {
            self.open = Some((reader, Instant::now()));
        }
        Ok(response)
    }
}

impl Request<'_> {
    /// Adds a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// When there is no whole answer; whether the request took effect is not known then.
    pub fn try_send(self) -> io::Result<Response> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            match self.client.address {
                Address::Tcp(port) => bytes.push_str(&format!("host: 127.0.0.1:{port}\r\n")),
                Address::Unix(_) => bytes.push_str("host: localhost\r\n"),
            }
        }
        for (name, value) in &self.headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            bytes.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend(self.body.unwrap_or_default());
        self.client.exchange(&bytes, self.method == "HEAD")
    }

    /// Sends it.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn send(self) -> Response {
        let name = format!("{} {}", self.method, self.path);
        self.try_send().unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Response {
    /// A header field; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Json {
        parse(&self.text()).unwrap_or_else(|error| panic!("{}: {error}: {}", self.status, self.text()))
    }

    /// The version in the entity tag.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        version_of(self.header("etag")?)
    }
}

/// 3 from `W/"3"`.
pub(crate) fn version_of(etag: &str) -> Option<u32> {
    etag.strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok()
}

/// The answer, and whether the connection can be used again.
fn read_response(reader: &mut BufReader<Box<dyn Stream>>, is_head: bool) -> io::Result<(Response, bool)> {
    let (status, headers) = loop {
        let (status, headers) = read_head(reader)?;
        if status >= 200 {
            break (status, headers);
        }
    };
    let mut response = Response { status, headers, body: Vec::new() };
    let mut keep = response.header("connection") != Some("close");
    let length = response.header("content-length").map(|text| text.parse::<u64>().map_err(invalid));
    if is_head || matches!(status, 204 | 304) {
        return Ok((response, keep));
    }
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = read_chunks(reader)?;
    } else if let Some(length) = length {
        let length = length?;
        if reader.take(length).read_to_end(&mut response.body)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    } else {
        reader.read_to_end(&mut response.body)?;
        keep = false;
    }
    Ok((response, keep))
}

fn read_head(reader: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
    let line = read_line(reader)?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| invalid(format!("no status line: {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("no header: {line:?}")))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(invalid)?;
        if reader.take(size).read_to_end(&mut body)? as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read_line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn invalid(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
