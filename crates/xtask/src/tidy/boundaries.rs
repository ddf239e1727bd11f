//! What only one crate may do, seen in the code: files, connections, processes, the environment.

use super::finding::Finding;
use super::rust::NamedPath;
use super::tree::Tree;

/// Paths that only `owners` may name outside tests.
struct Boundary {
    rule: &'static str,
    crosses: fn(&NamedPath) -> bool,
    owners: &'static [&'static str],
    /// Single files that may, too.
    except: &'static [&'static str],
    why: &'static str,
}

const BOUNDARIES: &[Boundary] = &[
    Boundary {
        rule: "files",
        crosses: |path| ["std::fs", "tokio::fs", "rustix::fs"].iter().any(|prefix| path.starts_with(prefix)),
        owners: &["store", "cli", "xtask", "testkit"],
        // The embedded search database is a file of its own folder, beside the store's.
        except: &["crates/projection/src/sqlite.rs"],
        why: "only `store` opens a file of the data directory; others take the Disk trait or bytes",
    },
    Boundary {
        rule: "connections",
        crosses: |path| {
            let opens =
                ["TcpStream::connect", "TcpStream::connect_timeout", "TcpSocket::connect", "UdpSocket::bind"];
            let clients = ["reqwest", "ureq", "hyper::client", "hyper_util::client"];
            opens.iter().any(|suffix| path.ends_with(suffix))
                || clients.iter().any(|prefix| path.starts_with(prefix))
        },
        owners: &["egress", "xtask", "testkit"],
        except: &[],
        why: "only `egress` opens an outbound connection",
    },
    Boundary {
        rule: "decoding",
        crosses: |path| {
            let reads = ["from_str", "from_slice", "from_reader", "Deserializer", "StreamDeserializer"];
            path.starts_with("serde_json") && path.segments.iter().any(|part| reads.contains(&part.as_str()))
        },
        owners: &["xtask", "testkit"],
        except: &[],
        why: "only `codec` decodes JSON that came from outside",
    },
    Boundary {
        rule: "processes",
        crosses: |path| path.starts_with("std::process::Command") || path.starts_with("tokio::process"),
        owners: &["xtask", "testkit"],
        except: &[],
        why: "the server starts no other program",
    },
    Boundary {
        rule: "environment",
        crosses: |path| ["env::var", "env::var_os", "env::vars"].iter().any(|suffix| path.ends_with(suffix)),
        owners: &["cli", "xtask", "testkit"],
        // Compiled only with the feature that plants bugs; the process to be killed gets them this way.
        except: &["crates/store/src/sabotage.rs"],
        why: "configuration is read in one place and passed on as a typed struct",
    },
];

/// A boundary is crossed only by the crate that owns it.
pub(super) fn paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        let Some(krate) = file.krate() else { continue };
        for path in rust.paths() {
            if rust.is_test(path.line) {
                continue;
            }
            for boundary in BOUNDARIES {
                let owner = boundary.owners.contains(&krate) || boundary.except.contains(&file.path.as_str());
                if (boundary.crosses)(&path) && !owner {
                    let what = format!("`{}`: {}", path.segments.join("::"), boundary.why);
                    findings.push(Finding::error(boundary.rule, &file.path, path.line, what));
                }
            }
        }
    }
    findings
}

/// No `unsafe`, no placeholder, no test that is left out without a reason, no lint that is
/// silenced without one. Holds in tests too.
pub(super) fn words_of_code(tree: &Tree) -> Vec<Finding> {
    const FORBIDDEN: &[(&str, &str)] = &[
        ("unsafe{", "unsafe code is forbidden"),
        ("unsafefn", "unsafe code is forbidden"),
        ("unsafeimpl", "unsafe code is forbidden"),
        ("todo!(", "no placeholder: what is not built answers not-supported"),
        ("unimplemented!(", "no placeholder: what is not built answers not-supported"),
        ("#[ignore]", "say why the test is left out: #[ignore = \"…\"]"),
        ("allow(dead_code)", "delete what nothing calls"),
    ];
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for (index, line) in rust.code().lines().enumerate() {
            let squeezed: String = line.split_whitespace().collect();
            for (word, why) in FORBIDDEN {
                if squeezed.contains(word) {
                    findings.push(Finding::error("forbidden", &file.path, index + 1, *why));
                }
            }
        }
        for (line, attribute) in silenced_lints(rust.code()) {
            if !attribute.contains("reason=") && !rust.is_test(line) {
                let what = "a lint is silenced without `reason = \"…\"`";
                findings.push(Finding::error("forbidden", &file.path, line, what));
            }
        }
    }
    findings
}

fn silenced_lints(code: &str) -> Vec<(usize, String)> {
    let starts = ["#[allow(", "#![allow(", "#[expect(", "#![expect("];
    let mut found = Vec::new();
    for start in starts {
        for (at, _) in code.match_indices(start) {
            let end = code[at..].find(")]").map_or(code.len(), |length| at + length);
            let line = code[..at].matches('\n').count() + 1;
            found.push((line, code[at..end].split_whitespace().collect()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Tree) -> Vec<Finding>, path: &str, code: &str, expected: &[(&str, usize)]) {
        let found = rule(&Tree::with(&[(path, code)]));
        let found: Vec<(&str, usize)> = found.iter().map(|finding| (finding.rule, finding.line)).collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn files_belong_to_the_store() {
        check(paths, "crates/core/src/a.rs", "use std::fs;", &[("files", 1)]);
        check(paths, "crates/core/src/a.rs", "use std::{\n io,\n fs::File};", &[("files", 3)]);
        check(paths, "crates/fhir/src/a.rs", "fn a() { std::fs::read(p) }", &[("files", 1)]);
        check(paths, "crates/store/src/a.rs", "use std::fs;", &[]);
    }

    #[test]
    fn tests_and_comments_are_free() {
        check(
            paths,
            "crates/core/src/a.rs",
            "// std::fs::read\n#[cfg(test)]\nmod tests { use std::fs; }",
            &[],
        );
        check(paths, "crates/core/tests/a.rs", "use std::fs;", &[]);
    }

    #[test]
    fn a_module_that_only_tests_compile_is_a_test() {
        let files = [
            ("crates/core/src/lib.rs", "#[cfg(test)]\nmod world;"),
            ("crates/core/src/world.rs", "use std::fs;"),
            ("crates/core/src/world/disk.rs", "use std::fs;"),
        ];
        assert_eq!(paths(&Tree::with(&files)), []);
        assert_eq!(paths(&Tree::with(&files[1..])).len(), 2);
    }

    #[test]
    fn connections_belong_to_egress() {
        check(paths, "crates/service/src/a.rs", "fn a() { TcpStream::connect(x) }", &[("connections", 1)]);
        check(paths, "crates/cli/src/a.rs", "use hyper_util::client::legacy;", &[("connections", 1)]);
        check(paths, "crates/egress/src/a.rs", "use hyper_util::client::legacy;", &[]);
        check(paths, "crates/cli/src/a.rs", "fn a() { TcpListener::bind(x) }", &[]);
    }

    #[test]
    fn decoding_belongs_to_the_codec() {
        check(paths, "crates/api-rest/src/a.rs", "fn a() { serde_json::from_str(x) }", &[("decoding", 1)]);
        check(paths, "crates/cli/src/a.rs", "use serde_json::{Value, from_slice};", &[("decoding", 1)]);
        check(paths, "crates/cli/src/a.rs", "use serde_json::{Value, json};", &[]);
    }

    #[test]
    fn processes_and_environment_stay_at_the_edge() {
        check(paths, "crates/store/src/a.rs", "use std::process::Command;", &[("processes", 1)]);
        check(paths, "crates/service/src/a.rs", "fn a() { std::env::var(X) }", &[("environment", 1)]);
        check(paths, "crates/cli/src/a.rs", "fn a() { std::env::var(X) }", &[]);
    }

    #[test]
    fn placeholders_and_silenced_lints_are_found() {
        let path = "crates/core/src/a.rs";
        check(words_of_code, path, "fn a() {\n todo!()\n}", &[("forbidden", 2)]);
        check(words_of_code, path, "fn a() { unsafe { b() } }", &[("forbidden", 1)]);
        check(words_of_code, path, "#[test]\n#[ignore]\nfn a() {}", &[("forbidden", 2)]);
        check(words_of_code, path, "#[test]\n#[ignore = \"slow\"]\nfn a() {}", &[]);
        check(words_of_code, path, "#[allow(clippy::x)]\nfn a() {}", &[("forbidden", 1)]);
        check(words_of_code, path, "#[allow(clippy::x, reason = \"y\")]\nfn a() {}", &[]);
        check(words_of_code, path, "// todo!()\nfn a() { b(\"unsafe {\") }", &[]);
    }
}
