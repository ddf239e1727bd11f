//! A server with the documents of a seed, to look at a difference by hand:
//! `cargo run -p vpr-search-tests --example serve_seed -- 1`, with `VPR_BINARY`.

fn main() {
    let seed = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let tenant = vpr_search_tests::Tenant::start(&[]);
    tenant.load(seed);
    vpr_http_tests::shout(&tenant.server.base());
    std::io::stdin().read_line(&mut String::new()).ok();
}
