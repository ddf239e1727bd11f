//! The way of a request to a tenant: address, authentication, formats, parameters, body, service.

use axum::body::HttpBody as _;
use axum::extract::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use vpr_fhir::IssueType;
use vpr_service::{
    AccessAction, Failure, Interaction, Operation, Principal, Refused, RequestContext, action,
};

use crate::address::{Address, AddressError, Hints};
use crate::body;
use crate::budget::Share;
use crate::call::{Call, PathSegments};
use crate::door::{Authentication, Door, Protocol};
use crate::endpoint::Manner;
use crate::negotiate::{check_content_type, check_form_type, negotiate};
use crate::parameters::Parameters;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::route::{Action, Route, Schema};
use crate::slow::Watch;

/// How far a request came, for the form of its rejection.
struct Progress {
    pretty: bool,
    /// Whether there is a body that was not read to its end.
    unread: bool,
}

/// A request on its way to the service.
struct Prepared {
    interaction: Interaction,
    operation: Operation,
    share: Share,
    watch: Option<Watch>,
}

impl<P: Protocol> Door<P> {
    pub(crate) async fn tenant_reply(
        &self,
        route: &'static Route,
        manner: &Manner,
        request: Request,
    ) -> Reply {
        let mut progress = Progress { pretty: false, unread: !request.body().is_end_stream() };
        match self.tenant_answer(route, manner, request, &mut progress).await {
            Ok(reply) => reply,
            Err(rejection) if progress.unread => Reply::rejected(&rejection, progress.pretty).closing(),
            Err(rejection) => Reply::rejected(&rejection, progress.pretty),
        }
    }

    async fn tenant_answer(
        &self,
        route: &'static Route,
        manner: &Manner,
        request: Request,
        progress: &mut Progress,
    ) -> Result<Reply, Rejection> {
        let (parts, body) = request.into_parts();
        bounded(&parts.uri, &parts.headers)?;
        let parameters = Parameters::of(parts.uri.query());
        let tenant = parameters.as_ref().ok().and_then(|parameters| parameters.tenant.as_deref());
        let (path_tenant, path) = split_tenant(parts.uri.path());
        let address = self.config.addressing.resolve(Hints {
            headers: &parts.headers,
            authority: parts.uri.authority(),
            path: path_tenant,
            query: tenant,
        })?;
        let segments = PathSegments::of(route.path, path);
        let named = segments.as_ref().ok().cloned();
        let context = self.context(manner, address)?;
        let checked = self.checked(route, &parts.headers, parameters, segments, progress);
        let prepared = match checked {
            Ok(checked) => self.prepare(route, parts.headers, checked, body, &context, progress).await,
            Err(rejection) => Err(rejection),
        };
        let Prepared { interaction, operation, share, watch } = match prepared {
            Ok(prepared) => prepared,
            Err(rejection) => return Err(self.refused(route, &context, named.as_ref(), rejection).await),
        };
        let base = context.base.clone();
        let service = self.service.clone();
        let performed = held(share, async move { service.perform(context, operation).await });
        let performed = tokio::time::timeout(self.config.request_timeout, performed).await;
        if let Some(watch) = watch {
            watch.end(self.config.slow_search, &manner.request, route, named.as_ref());
        }
        let answer = performed.map_err(|_| {
            let text = "the work took too long; it may have taken effect";
            Rejection::new(StatusCode::SERVICE_UNAVAILABLE, IssueType::Timeout, text)
        })??;
        let answer = self.protocol.render(interaction, &base, answer);
        Ok(Reply::of(answer, &base, progress.pretty))
    }

    /// Reads the body and makes the operation.
    async fn prepare(
        &self,
        route: &'static Route,
        headers: HeaderMap,
        (mut parameters, path): (Parameters, PathSegments),
        body: axum::body::Body,
        context: &RequestContext,
        progress: &mut Progress,
    ) -> Result<Prepared, Rejection> {
        let interaction = match route.action {
            Action::Fhir(interaction) if !path.has_operation() => interaction,
            _ => return Err(not_built(route, &path)),
        };
        let body::Held { bytes: mut body, share } = self.body(route, &headers, body).await?;
        progress.unread &= route.request == Schema::None;
        if route.request == Schema::Form {
            parameters.add_form(&std::mem::take(&mut body))?;
            progress.pretty = parameters.pretty();
            acceptable(&headers, parameters.format.as_deref())?;
            if parameters.tenant.as_ref().is_some_and(|tenant| tenant != context.tenant.as_str()) {
                return Err(AddressError::Conflict.into());
            }
        }
        let watch = Watch::begin(route, &parameters.others);
        let Parameters { others: query, criteria, .. } = parameters;
        let call = Call { route, interaction, path, query, criteria, headers, body };
        let operation = self.protocol.operation(call)?;
        Ok(Prepared { interaction, operation, share, watch })
    }

    fn context(&self, manner: &Manner, address: Address) -> Result<RequestContext, Rejection> {
        let Address { tenant, base } = address;
        let principal = match &self.config.authentication {
            Authentication::Development { principal } => {
                Principal::development(principal.clone(), tenant.clone())
            }
            Authentication::Closed => {
                let text = "no credentials are accepted here";
                return Err(Rejection::new(StatusCode::UNAUTHORIZED, IssueType::Login, text));
            }
        };
        let (request, received) = (manner.request.clone(), self.service.now());
        Ok(RequestContext { request, tenant, principal, purpose: None, received, base })
    }

    /// Formats, parameters and segments, before anything is read.
    fn checked(
        &self,
        route: &Route,
        headers: &HeaderMap,
        parameters: Result<Parameters, Failure>,
        segments: Result<PathSegments, crate::call::BrokenEscape>,
        progress: &mut Progress,
    ) -> Result<(Parameters, PathSegments), Rejection> {
        let parameters = parameters?;
        progress.pretty = parameters.pretty();
        let segments = segments.map_err(|_| Failure::malformed("a percent escape in the path is broken"))?;
        acceptable(headers, parameters.format.as_deref())?;
        if matches!(route.action, Action::NotBuilt(_)) || segments.has_operation() {
            return Ok((parameters, segments));
        }
        parameters.known_to(route)?;
        match route.request {
            Schema::None => {}
            // All parameters may stand in the URL.
            Schema::Form if !progress.unread && !headers.contains_key(CONTENT_TYPE) => {}
            Schema::Form => check_form_type(text(headers, &CONTENT_TYPE)?)?,
            _ => check_content_type(text(headers, &CONTENT_TYPE)?)?,
        }
        Ok((parameters, segments))
    }

    async fn body(
        &self,
        route: &Route,
        headers: &HeaderMap,
        body: axum::body::Body,
    ) -> Result<body::Held, Rejection> {
        let share = self.budget.share();
        if route.request == Schema::None {
            return Ok(body::Held { bytes: Vec::new(), share });
        }
        let bytes_max = match route.request {
            Schema::Form => self.config.body_bytes_max.min(FORM_BYTES_MAX),
            _ => self.config.body_bytes_max,
        };
        let read = body::read(headers, body, bytes_max, share);
        tokio::time::timeout(self.config.request_timeout, read).await.map_err(|_| {
            Rejection::new(StatusCode::REQUEST_TIMEOUT, IssueType::Timeout, "the body took too long to come")
        })?
    }

    /// Audits a refusal; the answer is another one if it cannot be audited.
    async fn refused(
        &self,
        route: &Route,
        context: &RequestContext,
        segments: Option<&PathSegments>,
        rejection: Rejection,
    ) -> Rejection {
        let refused = Refused {
            interaction: route.action_name(),
            action: route.interaction().map_or(AccessAction::Execute, action),
            type_name: segments.and_then(|segments| segments.type_name.as_deref()),
            id: segments.and_then(|segments| segments.id.as_deref()),
            status: rejection.status.as_u16(),
        };
        match self.service.refuse(context, refused).await {
            Ok(()) => rejection,
            Err(failure) => failure.into(),
        }
    }
}

/// Runs `work`, and gives `share` back when the work is done, even if nobody waits for it any more.
async fn held<T: Send + 'static>(share: Share, work: impl Future<Output = T> + Send + 'static) -> T {
    if share.is_small() {
        let done = work.await;
        drop(share);
        return done;
    }
    let task = tokio::spawn(async move {
        let done = work.await;
        drop(share);
        done
    });
    match task.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody aborts it; it ends early only with the runtime, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

fn not_built(route: &Route, segments: &PathSegments) -> Rejection {
    if segments.has_operation() {
        return Failure::not_supported("the operation is not supported").into();
    }
    Failure::not_supported(format!("{} is not supported", route.action_name())).into()
}

/// Bytes of a URL's path and query.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a form with the parameters of a search.
const FORM_BYTES_MAX: usize = 256 * 1024;

/// Bytes of all headers.
const HEADER_BYTES_MAX: usize = 32 * 1024;

fn bounded(uri: &Uri, headers: &HeaderMap) -> Result<(), Rejection> {
    let url = uri.path_and_query().map_or(0, |url| url.as_str().len());
    if url > URL_BYTES_MAX {
        return Err(Rejection::new(StatusCode::URI_TOO_LONG, IssueType::TooLong, "the URL is too long"));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Rejection::new(status, IssueType::TooLong, "the headers are too long"));
    }
    Ok(())
}

/// Whether a path ends with the name of an operation that is not declared.
pub(crate) fn has_operation(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    (last.starts_with('$') || last.starts_with("%24")) && last != "$validate"
}

/// The tenant of a path that begins with `/t/<tenant>`, and what is behind it.
fn split_tenant(path: &str) -> (Option<&str>, &str) {
    let Some(rest) = path.strip_prefix("/t/") else { return (None, path) };
    match rest.find('/') {
        Some(end) => (Some(&rest[..end]), &rest[end..]),
        None => (Some(rest), ""),
    }
}

/// `Accept` may come in several lines; one that can be answered is enough.
fn acceptable(headers: &HeaderMap, format: Option<&str>) -> Result<(), Rejection> {
    let mut refused = None;
    for accept in headers.get_all(ACCEPT) {
        match negotiate(format, Some(accept.to_str().unwrap_or_default())) {
            Ok(()) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(negotiate(format, None)?),
    }
}

/// A header that may come once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejection> {
    let malformed = || Rejection::from(Failure::malformed(format!("the header {name} is malformed")));
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| malformed())).transpose()?;
    if values.next().is_some() { Err(malformed()) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_is_the_segment_after_t() {
        for (path, wanted) in [
            ("/fhir/Patient", (None, "/fhir/Patient")),
            ("/t/a/fhir/Patient", (Some("a"), "/fhir/Patient")),
            ("/t/a", (Some("a"), "")),
            ("/t//fhir", (Some(""), "/fhir")),
            ("/x/t/a", (None, "/x/t/a")),
        ] {
            assert_eq!(split_tenant(path), wanted, "{path}");
        }
    }
}
