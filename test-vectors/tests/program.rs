//! The program: exit status, standard output, standard error.

#![cfg(feature = "program")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mimi_test_vectors::{SCHEMAS, SHIPPED, kinds};
use serde_json::{Value, json};

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mimi-vectors"))
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An empty directory of this test's own.
fn directory(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn verify_checks_the_shipped_vectors_from_any_directory() {
    let ran = run(&["verify"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().count(), SHIPPED.len() + 1);
    for ((name, _), line) in SHIPPED.iter().zip(ran.out.lines()) {
        assert!(line.starts_with("ok ") && line.contains(name), "{line}");
    }
    assert!(ran.out.ends_with(": all hold\n"), "{}", ran.out);

    let ran = run(&["verify", "--json"]);
    let result = ran.json();
    assert_eq!((ran.status, &result["holds"]), (0, &json!(true)));
    assert_eq!(result["files"].as_array().unwrap().len(), SHIPPED.len());
}

#[test]
fn verify_walks_directories_and_reports_each_failure() {
    let directory = directory("walk");
    fs::create_dir_all(directory.join("deeper")).unwrap();
    let (_, good) = SHIPPED.iter().find(|(name, _)| *name == "content-working-group.json").unwrap();
    fs::write(directory.join("good.json"), good).unwrap();
    fs::write(directory.join("notes.txt"), "not a vector").unwrap();
    let bad = good.replace("017ce54837404c3696e0c747b985cb17", "017ce54837404c3696e0c747b985cb18");
    fs::write(directory.join("deeper").join("bad.json"), bad).unwrap();
    fs::write(directory.join("deeper").join("latin.json"), b"{\"k\xe4\": 1}").unwrap();

    let ran = run(&["verify", text(&directory)]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let (bad, good) = (ran.out.find("bad.json").unwrap(), ran.out.find("good.json").unwrap());
    assert!(bad < good, "in the order of their names: {}", ran.out);
    assert!(
        ran.out.contains(
            "      case \"original\", message_id\n        expected  017ce54837404c3696e0c747b985cb18"
        )
    );
    assert!(ran.out.contains("        found     017ce54837404c3696e0c747b985cb17"), "{}", ran.out);
    assert!(ran.out.contains("UTF-8"), "{}", ran.out);
    assert!(ran.out.lines().last().unwrap().starts_with("3 files, 28 cases: "), "{}", ran.out);
    assert!(!ran.out.contains("notes.txt"));

    let result = run(&["verify", "--json", text(&directory)]).json();
    assert_eq!(result["holds"], json!(false));
    let failure = result["files"][0]["failures"].as_array().unwrap();
    assert!(failure.iter().any(|failure| failure["case"] == "original" && failure["field"] == "message_id"));
}

#[test]
fn verify_skips_nothing_in_silence() {
    let directory = directory("silence");
    let ran = run(&["verify", text(&directory)]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.out.contains("a directory with .json files"), "{}", ran.out);

    let file = directory.join("vectors.any");
    fs::write(&file, r#"{"format": 1, "kind": "no-such-kind", "cases": [{"name": "x"}]}"#).unwrap();
    let ran = run(&["verify", text(&file)]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("no-such-kind") && ran.out.contains("no case was checked"), "{}", ran.out);
    assert!(ran.out.contains("1 case not judged"), "{}", ran.out);
    // With the option the count is printed, and only wrong cases fail.
    let ran = run(&["verify", "--allow-unjudged", text(&file)]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(ran.out.contains("1 case not judged"), "{}", ran.out);
    let ran = run(&["verify", "--allow-unjudged", "--json", text(&file)]);
    assert_eq!((ran.status, &ran.json()["files"][0]["unjudged_cases"]), (0, &json!(1)));
    fs::write(&file, r#"{"format": 1, "kind": "content", "cases": [{"name": "x"}]}"#).unwrap();
    assert_eq!(run(&["verify", "--allow-unjudged", text(&file)]).status, 1);
}

#[test]
fn verify_checks_only_the_cases_with_a_flag() {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == "message-status.json").unwrap();
    let verify = |arguments: &[&str], json: &str| {
        run_with(&[&["verify", "-", "--json"], arguments].concat(), json.as_bytes())
    };
    let all = verify(&[], json).json()["files"][0].clone();
    assert_eq!(all["left_out"], 0);
    let only = verify(&["--only", "OutOfRange"], json);
    let file = &only.json()["files"][0];
    assert_eq!((only.status, &file["cases"], &file["valid"]), (0, &json!(3), &json!(0)));
    assert_eq!(file["left_out"].as_u64().unwrap() + 3, all["cases"].as_u64().unwrap());
    let without = verify(&["--without", "OutOfRange"], json);
    assert_eq!(without.json()["files"][0]["left_out"], 3);
    let both = verify(&["--only", "OutOfRange", "--only", "WrongType", "--without", "OutOfRange"], json);
    assert_eq!((both.status, &both.json()["files"][0]["cases"]), (0, &json!(4)));

    // A wrong case that is left out does not fail; nothing at all is no success.
    let damaged = json.replace("\"encoded\": \"80\"", "\"encoded\": \"81\"");
    assert_ne!(&damaged, json);
    assert_eq!(verify(&["--only", "OutOfRange"], &damaged).status, 0);
    assert_eq!(verify(&["--without", "OutOfRange"], &damaged).status, 1);
    let none = verify(&["--only", "OutOfRange", "--without", "OutOfRange"], json);
    assert_eq!((none.status, none.err.as_str()), (1, "mimi-vectors: no case has been selected\n"));

    let ran = verify(&["--only", "OutOfRang"], json);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("no file has the flag \"OutOfRang\"; did you mean \"OutOfRange\"?"),
        "{}",
        ran.err
    );
    let text = run(&["verify", "--only", "Spelling"]);
    assert_eq!(text.status, 0);
    let (_, policy) = SHIPPED.iter().find(|(name, _)| *name == "policy.json").unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let cases = policy["cases"].as_array().unwrap();
    let spelling = |case: &&Value| case["flags"].as_array().unwrap().contains(&json!("Spelling"));
    let count = cases.iter().filter(spelling).count();
    let line = format!("policy: {count} cases ({count} valid, 0 invalid, {} left out)", cases.len() - count);
    assert!(count > 60 && text.out.contains(&line), "{}", text.out);
    assert!(text.out.contains("wire: no case was selected"), "{}", text.out);
}

#[test]
fn verify_refuses_a_flag_that_the_file_does_not_explain() {
    let file = |notes: Value, flags: Value| {
        json!({"format": 1, "kind": "message-status", "notes": notes,
               "cases": [{"name": "x", "encoded": "80", "statuses": [], "flags": flags}]})
        .to_string()
    };
    let note = json!({"A": {"about": "a", "bug": "b", "section": "c", "more": 1}});
    for (notes, flags, status, field) in [
        (note.clone(), json!(["A"]), 0, ""),
        (note.clone(), json!(["B"]), 1, "flags"),
        (note.clone(), json!("A"), 1, "flags"),
        (note, json!([1]), 1, "flags"),
        (json!(null), json!(null), 0, ""),
        (json!({"A": {"about": "a", "bug": "b"}}), json!([]), 1, "notes"),
        (json!(["A"]), json!([]), 1, "notes"),
    ] {
        let ran = run_with(&["verify", "--json", "-"], file(notes, flags).as_bytes());
        assert_eq!(ran.status, status, "{}", ran.out);
        let failures = &ran.json()["files"][0]["failures"];
        assert!(failures.as_array().unwrap().iter().all(|failure| failure["field"] == field), "{failures}");
    }
}

#[test]
fn what_cannot_be_judged_has_not_failed() {
    let content = "87503e2ea26b9c3a4ac0d7ac3ddd8a7a9ef6f64040f6a083";
    for (kind, case, field) in [
        ("wire", json!({"name": "x", "type": "NoSuchStruct", "encoded": "00"}), "type"),
        ("wire", json!({"name": "x", "type": "NoSuchStruct", "encoded": "00", "valid": false}), "type"),
        ("franking", json!({"name": "x", "revision": "99", "application_data": content}), "revision"),
        ("name", json!({"name": "x", "what": "phone_number", "input": "1"}), "what"),
        ("connection", json!({"name": "x", "cipher_suite": 65000}), "cipher_suite"),
        ("associated-party", json!({"name": "x", "cipher_suite": 65000, "valid": false}), "cipher_suite"),
        ("group-info", json!({"name": "x", "cipher_suite": 65000}), "cipher_suite"),
        ("semi-private", json!({"name": "x", "cipher_suite": 65000}), "cipher_suite"),
        ("identity-link", json!({"name": "x", "cipher_suite": 65000}), "cipher_suite"),
    ] {
        let file = json!({"format": 1, "kind": kind, "cases": [case]}).to_string();
        let ran = run_with(&["verify", "--json", "-"], file.as_bytes());
        let report = &ran.json()["files"][0];
        assert_eq!(
            (ran.status, &report["failed_cases"], &report["unjudged_cases"]),
            (1, &json!(0), &json!(1))
        );
        assert_eq!(
            (&report["failures"], &report["unjudged"][0]["field"]),
            (&json!([]), &json!(field)),
            "{kind}"
        );
        assert_eq!(run_with(&["verify", "--allow-unjudged", "-"], file.as_bytes()).status, 0, "{kind}");
    }
}

#[test]
fn verify_prints_nothing_that_moves_the_cursor() {
    let directory = directory("cursor");
    let file = directory.join("evil.json");
    let vectors =
        json!({"format": 1, "kind": "content", "cases": [{"name": "\u{1b}[2J", "encoded": "\u{1b}[1A\r\n"}]});
    fs::write(&file, vectors.to_string()).unwrap();
    let ran = run(&["verify", text(&file)]);
    assert_eq!(ran.status, 1);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\r'), "{:?}", ran.out);
}

#[test]
fn generate_writes_the_same_bytes_from_the_same_seed() {
    let directory = directory("generate");
    let (first, second) = (directory.join("a").join("b"), directory.join("c"));
    for out in [&first, &second] {
        let ran = run(&["generate", "--out", text(out), "--seed", "C0FFEE"]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert_eq!(ran.out.lines().count(), kinds().count());
    }
    for kind in kinds() {
        let read = |out: &PathBuf| fs::read(out.join(kind).with_extension("json")).unwrap();
        assert!(read(&first) == read(&second), "{kind}");
    }
    assert_eq!(run(&["verify", text(&first)]).status, 0);

    let default = directory.join("default");
    let ran = run(&["generate", "--json", "--out", text(&default), "message-status"]);
    assert_eq!(ran.json()["files"][0]["kind"], "message-status");
    assert_eq!(fs::read_dir(&default).unwrap().count(), 1, "only the kind that was asked for");
    let written = fs::read_to_string(default.join("message-status.json")).unwrap();
    assert!(SHIPPED.contains(&("message-status.json", &written)));
}

#[test]
fn generate_says_what_it_cannot_write() {
    let directory = directory("unwritable");
    let file = directory.join("file");
    fs::write(&file, "").unwrap();
    let ran = run(&["generate", "--out", text(&file), "message-status"]);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("file"), "{}", ran.err);
}

const STATUS: [u8; 37] = {
    let mut report = [1; 37];
    (report[0], report[1], report[2], report[3], report[36]) = (0x81, 0x82, 0x58, 0x20, 2);
    report
};

#[test]
fn inspect_prints_what_a_vector_says() {
    let expected = json!([["01".repeat(32), 2]]);
    let ran = run_with(&["inspect", "--type", "MessageStatusReport"], &STATUS);
    assert_eq!((ran.status, ran.json(), ran.err.as_str()), (0, expected.clone(), ""));
    let spaced: String = STATUS.iter().map(|byte| format!("{byte:02X} \n")).collect();
    let ran =
        run_with(&["inspect", "--type", "MessageStatusReport", "--hex", "-", "--json"], spaced.as_bytes());
    assert_eq!((ran.status, ran.json()), (0, expected));
    assert_eq!(ran.out.lines().count(), 1);

    let directory = directory("inspect");
    for (file, member) in
        [("content-working-group.json", "value"), ("wire-content-working-group.json", "value")]
    {
        let (_, json) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
        let vectors: Value = serde_json::from_str(json).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let path = directory.join(case["name"].as_str().unwrap());
            fs::write(&path, hex::decode(case["encoded"].as_str().unwrap()).unwrap()).unwrap();
            let type_name = case["type"].as_str().unwrap_or("MimiContent");
            let ran = run(&["inspect", "--type", type_name, text(&path)]);
            assert_eq!((ran.status, &ran.json()), (0, &case[member]), "{}", ran.err);
        }
    }
}

#[test]
fn inspect_shows_a_message_as_a_tree() {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == "content-working-group.json").unwrap();
    let vectors: Value = serde_json::from_str(json).unwrap();
    let tree = |name: &str| {
        let case = vectors["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
        let encoded = case["encoded"].as_str().unwrap().as_bytes();
        let ran = run_with(&["inspect", "--type", "MimiContent", "--tree", "--hex"], encoded);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        ran.out
    };
    let nested = tree("multipart-3");
    assert!(
        nested.starts_with("size         716 bytes, 11 parts\nmessage_id   01cfebeadbdb83c1"),
        "{nested}"
    );
    for line in [
        "extension    2 roomUri: mimi://example.com/r/engineering_team",
        "part 0  render  chooseOne of 2 parts",
        "  part 1  render  processAll of 2 parts",
        "    part 2  render  chooseOne of 2 parts",
        "      part 4  render [fr]  text/html;charset=utf-8, 101 bytes: <html><body><h1>Bienvenue!</h1>\\n<img src=\"cid:5@local.inval…",
        "        refers to part 5",
        "    part 10  inline  image/png, 16 bytes: h'fa444237451a05a72bb0f67037cc1669'",
    ] {
        assert!(nested.lines().any(|found| found == line), "{line}\n{nested}");
    }
    let attachment = tree("attachment");
    for line in [
        "part 0  attachment [en]  video/mp4, 708234961 bytes at https://example.com/storage/8ksB4bSrrRE.mp4",
        "  encrypted with AEAD_AES_128_GCM (1), key of 16 bytes, nonce of 12, aad of 0",
        "  sha-256 (1) 9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163",
        "  description 2 hours of key signing video",
        "  filename bigfile.mp4",
    ] {
        assert!(attachment.lines().any(|found| found == line), "{line}\n{attachment}");
    }
    assert!(!attachment.contains("21399320"), "the key");
    assert!(
        tree("conferencing")
            .contains("part 0  session  no type, unknown size at https://example.com/join/12345\n")
    );
    assert!(tree("expiring").contains("expires      1644390004 seconds since 1970\n"));
    assert!(tree("multipart-2").ends_with("\nanomaly      a reaction to nothing (Log)\n"));
    for clean in ["original", "reply", "edit", "delete", "unlike", "expiring"] {
        assert!(!tree(clean).contains("anomaly"), "{clean}");
    }

    let ran = run_with(&["inspect", "--type", "MessageStatusReport", "--tree"], &STATUS);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
}

#[test]
fn inspect_gives_the_reason_of_a_refusal() {
    let mut damaged = STATUS;
    damaged[36] = 0x18;
    let ran = run_with(&["inspect", "--type", "MessageStatusReport"], &damaged);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert_eq!(
        ran.err,
        "mimi-vectors: refused: MessageStatusReport[0].status: the input ends inside this item (byte 36)\n"
    );
    let ran = run_with(&["inspect", "--type", "MessageStatusReport", "--json"], &damaged);
    assert_eq!(ran.status, 1);
    let reason = "the input ends inside this item";
    assert_eq!(
        ran.json()["refused"],
        json!({"reason": reason, "offset": 36, "field": "MessageStatusReport[0].status"})
    );

    let ran = run_with(&["inspect", "--type", "Commit", "--hex"], b"0002");
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("Commit.path") && ran.err.contains("byte 1"), "{}", ran.err);
    // A type that is no struct has no name of its own in the codec's paths.
    let ran = run_with(&["inspect", "--type", "HPKEPublicKey", "--hex"], b"c0");
    assert!(ran.err.contains("refused: HPKEPublicKey: "), "{}", ran.err);
    let ran = run_with(&["inspect", "--type", "Commit", "--hex"], b"000");
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("not hex"), "{}", ran.err);
}

#[test]
fn inspect_shows_in_which_fields_two_encodings_differ() {
    let directory = directory("diff");
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let diff = |type_name: &str, a: &str, b: &str| run(&["inspect", "--type", type_name, "--diff", a, b]);

    let a = file(
        "a",
        b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag",
    );
    let b = file(
        "b",
        b"\0\x01\0\x01\x05rooms\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x06\x03sig\x03tag",
    );
    let ran = diff("MLSMessage", &a, &a);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "nothing differs: 38 bytes\n", ""));
    let ran = diff("MLSMessage", &a, &b);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let expected = format!(
        "a  38 bytes  {a}\n\
         b  39 bytes  {b}\n\
         MLSMessage.body.mls_public_message.public_message.content.group_id\n  \
           a  byte 4: 726f6f6d (8 characters)\n  \
           b  byte 4: 726f6f6d73 (10 characters)\n\
         MLSMessage.body.mls_public_message.public_message.content.content.proposal.proposal.remove.removed\n  \
           a  byte 26: 5\n  \
           b  byte 27: 6\n"
    );
    assert_eq!(ran.out, expected);

    let c = file("c", &[&STATUS[..], &STATUS[1..]].concat());
    let ran = diff("MessageStatusReport", &c, "no/such/file");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let ran = diff("MessageStatusReport", "-", "-");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let ran = diff("MessageStatusReport", &c, &a);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert!(ran.err.starts_with(&format!("mimi-vectors: refused: {c}: MessageStatusReport")), "{}", ran.err);

    let status = file("status", &STATUS);
    let mut other = STATUS;
    other[36] = 1;
    let ran =
        run_with(&["inspect", "--type", "MessageStatusReport", "--json", "--diff", &status, "-"], &other);
    let value = |value: u8| json!({"offset": 36, "value": value});
    assert_eq!(ran.status, 1);
    assert_eq!(
        ran.json(),
        json!({
            "type": "MessageStatusReport",
            "octets": [STATUS.len(), STATUS.len()],
            "differences": [{"path": "MessageStatusReport[0][1]", "a": value(STATUS[36]), "b": value(1)}]
        })
    );
}

#[test]
fn types_lists_what_inspect_knows() {
    let ran = run(&["types"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for name in [
        "MimiContent",
        "MessageStatusReport",
        "MessageDerivedValues",
        "MLSMessage",
        "RatchetTree",
        "UpdateRequest",
        "RoleData",
    ] {
        assert!(ran.out.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}");
    }
    let listed = run(&["types", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), ran.out.lines().count());
    // A name that is listed is known: what is refused is the empty input, or nothing.
    for known in listed.as_array().unwrap() {
        let ran = run(&["inspect", "--type", known["name"].as_str().unwrap()]);
        assert!(ran.status < 2, "{known} {}", ran.err);
    }
}

#[test]
fn wrong_usage_is_status_2_and_leaves_standard_output_empty() {
    for arguments in [
        &[][..],
        &["no-such-command"],
        &["verify", "--no-such-option"],
        &["verify", "no/such/file.json"],
        &["generate"],
        &["generate", "--out", "x", "no-such-kind"],
        &["generate", "--out", "x", "--seed", "abc"],
        &["inspect"],
        &["inspect", "--type", "NoSuchStruct"],
        &["inspect", "--type", "MimiContent", "no/such/file"],
        &["types", "superfluous"],
        &["timeline"],
        &["timeline", "no/such/file.jsonl"],
        &["policy", "lint", "no/such/file.json"],
        &["inspect", "--type", "Commit", "--annotate", "--json"],
        &["completions", "no-such-shell"],
        &["man", "no-such-command"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["verify", "--help"]] {
        let ran = run(arguments);
        assert_eq!(ran.status, 0);
        assert!(!ran.out.is_empty());
    }
}

#[test]
fn a_file_that_holds_no_input_is_status_1_in_every_command() {
    let directory = directory("no-input");
    let latin = directory.join("latin");
    fs::write(&latin, b"k\xe4se").unwrap();
    let empty = directory.join("empty");
    fs::create_dir_all(&empty).unwrap();
    for arguments in [
        &["verify", text(&latin)][..],
        &["verify", text(&empty)],
        &["timeline", text(&latin)],
        &["timeline", text(&empty)],
        &["policy", "lint", text(&latin)],
        &["policy", "lint", text(&empty)],
        &["policy", "diff", text(&latin), text(&latin)],
        &["inspect", "--type", "Commit", text(&latin)],
        &["inspect", "--type", "Commit", "--hex", text(&latin)],
        &["inspect", "--type", "Commit", text(&empty)],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 1, "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty() || arguments[0] == "verify", "{arguments:?}");
    }
}

#[test]
fn verify_reads_standard_input() {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == "message-status.json").unwrap();
    let ran = run_with(&["verify", "-"], json.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("ok    standard input  message-status: "), "{}", ran.out);
    let ran = run_with(&["verify", "-"], &json.as_bytes()[..json.len() / 2]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.starts_with("FAIL  standard input"), "{}", ran.out);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let directory = directory("overwriting");
    let mine = directory.join("message-status.json");
    fs::write(&mine, "mine").unwrap();
    let generate = ["generate", "--out", text(&directory), "name", "message-status"];
    let ran = run(&generate);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("message-status.json exists; --force overwrites it"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    assert!(!directory.join("name.json").exists(), "all or nothing");

    assert_eq!(run(&[&generate[..], &["--force"]].concat()).status, 0);
    assert_ne!(fs::read_to_string(&mine).unwrap(), "mine");
    assert_eq!(run(&generate).status, 0, "the same bytes are there already");
    let ran = run(&[&generate[..], &["--seed", "00"]].concat());
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));

    let pages = directory.join("man");
    assert_eq!(run(&["man", "--out", text(&pages)]).status, 0);
    fs::write(pages.join("mimi-vectors.1"), "mine").unwrap();
    assert_eq!(run(&["man", "--out", text(&pages)]).status, 2);
}

#[test]
fn a_misspelt_name_brings_the_one_that_was_meant() {
    for (arguments, meant) in [
        (&["inspect", "--type", "mimicontent"][..], "'MimiContent'"),
        (&["inspect", "--type", "MLSMesage"], "'MLSMessage'"),
        (&["generate", "--out", "x", "contnet"], "'content'"),
        (&["verfy"], "'verify'"),
        (&["man", "inspct"], "\"inspect\""),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(meant), "{arguments:?}: {}", ran.err);
        assert!(ran.err.lines().count() < 12, "{}", ran.err);
    }
    let mut case = policy_case(3);
    case["name"] = json!("second");
    let file = json!({"format": 1, "kind": "policy", "cases": [case]}).to_string();
    let ran = run_with(&["policy", "decide", "--case", "secnd", "-"], file.as_bytes());
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("did you mean \"second\"?"), "{}", ran.err);
}

#[test]
fn completions_and_man_pages_name_commands_options_and_types() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        for word in ["verify", "annotate"] {
            assert!(ran.out.contains(word), "{shell} {word}");
        }
        // The others complete no values, and fish none of arguments without an option.
        assert_eq!(ran.out.contains("MimiContent"), ["bash", "fish", "zsh"].contains(&shell), "{shell}");
        assert_eq!(ran.out.contains("associated-party"), ["bash", "zsh"].contains(&shell), "{shell}");
    }
    let ran = run(&["man"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for word in [".TH mimi-vectors 1", "mimi\\-vectors\\-verify(1)", "Exit status:"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let ran = run(&["man", "policy", "decide"]);
    assert_eq!(ran.status, 0);
    assert!(ran.out.contains(".TH mimi-vectors-policy-decide 1"), "{}", ran.out);
    let directory = directory("man");
    let ran = run(&["man", "--out", text(&directory)]);
    assert_eq!(ran.status, 0);
    let page = fs::read_to_string(directory.join("mimi-vectors-inspect.1")).unwrap();
    assert!(page.contains("annotate") && !page.contains("MimiContent, "), "{page}");
}

const REMOVE: &[u8] =
    b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag";

#[test]
fn inspect_annotates_each_byte_with_its_field() {
    let ran = run_with(&["inspect", "--type", "MLSMessage", "--annotate"], REMOVE);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for line in [
        "                                             MLSMessage",
        "00000000  00 01                    ..          version = \"mls10\"",
        "00000002  00 01                    ..        (MLSMessage: length, presence or selector)",
        "00000004  04 72 6f 6f 6d           .room           group_id",
        "00000009  00 00 00 00 00 00 00 07  ........        epoch = 7",
        "0000001a  00 00 00 05              ....              removed = 5",
    ] {
        assert!(ran.out.lines().any(|found| found == line), "{line}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colour beside a terminal");

    let coloured = run_with(&["inspect", "--type", "MLSMessage", "--annotate", "--color", "always"], REMOVE);
    assert!(coloured.out.contains("\u{1b}[32m") && coloured.out.contains("\u{1b}[0m"));
    let mut plain = coloured.out;
    for code in ["[36m", "[32m", "[33m", "[35m", "[34m", "[2m", "[0m"] {
        plain = plain.replace(&format!("\u{1b}{code}"), "");
    }
    let trimmed: String = plain.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(trimmed, ran.out, "colour changes nothing else");
}

#[test]
fn inspect_annotates_what_is_refused_up_to_the_refusal() {
    let ran = run_with(&["inspect", "--type", "MLSMessage", "--annotate"], &REMOVE[..30]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.starts_with("mimi-vectors: refused: MLSMessage."), "{}", ran.err);
    assert!(ran.out.contains("group_id") && ran.out.contains("refused: MLSMessage."), "{}", ran.out);

    let mut message = STATUS;
    message[36] = 0x18;
    let ran = run_with(&["inspect", "--type", "MessageStatusReport", "--annotate"], &message);
    assert_eq!(ran.status, 1);
    assert!(ran.out.ends_with("refused: MessageStatusReport[0].status: the input ends inside this item\n"));
    // What no decoder would look into does not end the program.
    let ran = run_with(&["inspect", "--type", "MimiContent", "--annotate"], &[0x81; 100_000]);
    assert_eq!(ran.status, 1, "{}", ran.err);
}

/// The text of a page between two marks.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    page.split_once(start).unwrap().1.split_once(end).unwrap().0
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[test]
fn inspect_writes_a_page_that_shows_hostile_input_and_runs_nothing() {
    use sha2::{Digest, Sha256};

    // A report by a stranger: a URI with a script in it.
    let uri = "mimi://a.example/u/<script>alert(1)</script>\"'&\u{202e}";
    let mut encoded = vec![u8::try_from(uri.len()).unwrap()];
    encoded[0] |= 0x40;
    encoded.insert(1, encoded[0] & 0x3f);
    encoded[0] = 0x40;
    encoded.extend(uri.as_bytes());
    let ran = run_with(&["inspect", "--type", "IdentifierUri", "--html"], &encoded);
    let page = &ran.out;
    assert!(!page.contains("<script") && !page.contains("alert(1)</"), "{page}");
    assert!(!page.contains('\u{202e}') && !page.contains(" style=") && !page.contains(" on"), "{page}");

    let policy = between(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let hash = base64(&Sha256::digest(between(page, "<style>", "</style>")));
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy} {hash}");

    let ran = run_with(&["inspect", "--type", "MLSMessage", "--html"], REMOVE);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("<!DOCTYPE html>") && ran.out.ends_with("</html>\n"));
    assert!(ran.out.contains("title=\"MLSMessage.version\""), "{}", ran.out);
    let ran = run_with(&["inspect", "--type", "MLSMessage", "--html"], &REMOVE[..30]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("<p class=\"refused\">refused: MLSMessage."), "{}", ran.out);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mimi-vectors"))
        .args(["types"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

/// The examples of mimi-content-09 as one conversation.
fn story() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("conversations/story.jsonl")).unwrap()
}

#[test]
fn timeline_folds_the_story() {
    let directory = directory("timeline");
    fs::create_dir(directory.join("deeper")).unwrap();
    let (first, second): (Vec<_>, Vec<_>) =
        story().lines().map(str::to_owned).enumerate().partition(|(n, _)| n % 2 == 0);
    let half = |lines: Vec<(usize, String)>| {
        lines.into_iter().rev().map(|(_, line)| line + "\n").collect::<String>()
    };
    fs::write(directory.join("b.jsonl"), half(first)).unwrap();
    fs::write(directory.join("deeper/a.jsonl"), half(second)).unwrap();
    fs::write(directory.join("not-read.txt"), "no message").unwrap();

    let from_directory = run(&["timeline", "--json", text(&directory)]);
    assert_eq!((from_directory.status, from_directory.err.as_str()), (0, ""));
    let from_input = run_with(&["timeline", "--json", "-"], story().as_bytes());
    assert_eq!(from_directory.out, from_input.out);

    let room = &from_input.json()["rooms"][0];
    assert_eq!(
        (&room["room_uri"], &room["messages"]),
        (&json!("mimi://example.com/r/engineering_team"), &json!(9))
    );
    assert_eq!((&room["held"], &room["unseen"], &room["findings"]), (&json!([]), &json!([]), &json!([])));
    let entries = room["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 6);
    let reply = &entries[1];
    assert_eq!((&reply["edited"], &reply["state"]), (&json!(true), &json!("shown")));
    assert_eq!(reply["current"], "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47");
    assert_eq!(reply["in_reply_to"], json!({"message_id": entries[0]["message_id"], "state": "newest"}));
    assert_eq!(entries[0]["replies"], json!([reply["message_id"], entries[2]["message_id"]]));
    let standings = reply["versions"].as_array().unwrap().iter().map(|version| &version["standing"]);
    assert_eq!(standings.collect::<Vec<_>>(), ["first", "edit"]);
    assert_eq!(
        (&entries[3]["state"], &entries[3]["expires_at"]),
        (&json!("shown"), &json!(1_644_390_004_000_u64))
    );

    let later = run_with(&["timeline", "--json", "--now", "1644390004000", "-"], story().as_bytes()).json();
    let expired = &later["rooms"][0]["entries"][3];
    assert_eq!((&expired["state"], &expired["body"]), (&json!("expired"), &Value::Null));

    let shown = run_with(&["timeline", "-"], story().as_bytes()).out;
    assert!(shown.contains("Congratulations_ y'all!  (edited)"), "{shown}");
    assert!(
        shown.contains("2022-02-09 06:13:45.019  017ce54837  mimi://example.com/u/alice-smith"),
        "{shown}"
    );
}

#[test]
fn timeline_shows_what_another_tries() {
    // Bob's edit of his reply, as if Mallory had sent it, and the reaction without what it reacts
    // to.
    let story = story();
    let lines: Vec<_> = story.lines().collect();
    let forged = lines[4].replace("bob-jones", "mallory");
    let input = [lines[1], lines[2], &forged, lines[5]].join("\n");
    let ran = run_with(&["timeline", "-"], input.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let finding = "from mimi://example.com/u/mallory: not authorized: no policy lets anyone but its sender edit a message";
    assert!(ran.out.contains(finding) && ran.out.contains("reply to 017ce54837 (unseen)"), "{}", ran.out);
    // An edit alone waits.
    let ran = run_with(&["timeline", "-"], lines[4].as_bytes());
    assert!(
        ran.out.contains("waiting  014028c0de for 015354973c, from mimi://example.com/u/bob-jones"),
        "{}",
        ran.out
    );
}

#[test]
fn timeline_refuses_lines_that_are_no_messages_and_goes_on() {
    let bad = r#"{"room_uri": "mimi://r.example/r/r", "sender_uri": "mimi://a.example/u/a", "accepted_timestamp": 1, "encoded": "87"}"#;
    let input = [story().as_str(), "\n", bad, "\n{}\n", &bad.replace("87", "8")].concat();
    let ran = run_with(&["timeline", "--json", "-"], input.as_bytes());
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json()["rooms"][0]["messages"], 9);
    let lines: Vec<_> = ran.err.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.err);
    assert!(
        lines[0].starts_with("mimi-vectors: standard input, line 11: refused: MimiContent"),
        "{}",
        ran.err
    );
    assert!(
        lines[1].contains("line 12: missing field `room_uri`") && lines[2].contains("not hex"),
        "{}",
        ran.err
    );
}

#[test]
fn timeline_shows_echoes_and_retractions() {
    let vectors = include_str!("../vectors/timeline.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let ran_case = |name: &str, arguments: &[&str]| {
        let cases = vectors["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let lines: Vec<_> = case["messages"].as_array().unwrap().iter().map(Value::to_string).collect();
        (run_with(&[&["timeline", "-"], arguments].concat(), lines.join("\n").as_bytes()), case.clone())
    };
    for (name, words) in [
        ("not accepted yet", "(not accepted yet)"),
        ("failed", "(failed)"),
        ("the hub retracts a message", "[retracted by mimi://a.example/u/moderator]"),
        ("one emoji with and without U+FE0F", " 2: mimi://b.example/u/bob, mimi://c.example/u/cathy"),
        ("a status report by itself", "read by mimi://b.example/u/bob"),
    ] {
        let (ran, _) = ran_case(name, &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains(words), "{}", ran.out);
        let (ran, case) =
            ran_case(name, &["--json", "--now", "100", "--local-user", "mimi://a.example/u/alice"]);
        assert_eq!(ran.json()["rooms"], case["rooms"]);
    }
}

fn policy_case(user_role: u32) -> Value {
    json!({
        "name": "Bob is added",
        "room": {
            "roles": "strict",
            "participants": [["mimi://a.example/u/alice", user_role]],
            "clients": [["mimi://a.example/u/alice", "mimi://a.example/d/a1"]],
        },
        "actor": {"user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a1"},
        "form": "commit",
        "changes": [{"op": "add_participant", "user": "mimi://b.example/u/bob", "role": 2}],
        "expect": {"allow": true},
    })
}

#[test]
fn policy_decide_says_why() {
    let case = policy_case(3).to_string();
    let ran = run_with(&["policy", "decide", "-"], case.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "Allowed: mimi://a.example/u/alice may send this commit: change 0 (add_participant) by canAddParticipant of role 3, \
         whose role changes go from off the list to role 2.\n"
    );

    let case = policy_case(2).to_string();
    let ran = run_with(&["policy", "decide", "-"], case.as_bytes());
    assert_eq!(
        (ran.status, ran.out.as_str()),
        (
            1,
            "Refused: mimi://a.example/u/alice may not send this commit: change 0: role 2 lacks canAddParticipant.\n  \
             The case expects it to be allowed.\n"
        )
    );
    let ran = run_with(&["policy", "decide", "-", "--json"], case.as_bytes());
    let decision = ran.json()["decisions"][0].clone();
    assert_eq!((ran.status, &decision["allow"], &decision["expected"]), (1, &json!(false), &json!(true)));
    assert_eq!(decision["capability"], json!("canAddParticipant"));
    assert_eq!(decision["reason"], json!("change 0: role 2 lacks canAddParticipant"));
}

#[test]
fn policy_decide_reads_a_file_and_a_case_of_it() {
    let directory = directory("decide");
    let file = directory.join("policy.json");
    let mut second = policy_case(2);
    second["name"] = json!("second");
    let json = json!({"format": 1, "kind": "policy", "cases": [policy_case(3), second]});
    fs::write(&file, json.to_string()).unwrap();
    let ran = run(&["policy", "decide", text(&file)]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.out.starts_with("Bob is added: Allowed: ") && ran.out.contains("\nsecond: Refused: "),
        "{}",
        ran.out
    );
    let ran = run(&["policy", "decide", text(&file), "--case", "Bob is added"]);
    assert_eq!((ran.status, ran.out.lines().count()), (0, 1));
    let ran = run(&["policy", "decide", text(&file), "--case", "third"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.ends_with("no case \"third\"; there is [\"Bob is added\", \"second\"]\n"), "{}", ran.err);
}

#[test]
fn policy_lint_tells_findings_steps_and_examples() {
    let ran = run_with(&["policy", "lint", "-"], br#"{"roles": "strict"}"#);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let lock_out = "warning lock-out: Once no participant with a client has role 4 \"super_admin\", users can never again be added or \
                    removed or given another role.\n  0. the room has participants with role 4\n  1. ";
    assert!(ran.out.starts_with(lock_out), "{}", ran.out);
    assert!(ran.out.contains("\n  2. the last holder of role 4 leaves (canRemoveSelf)\n"), "{}", ran.out);

    let ran = run_with(&["policy", "lint", "-", "--examples", "--json"], br#"{"roles": "strict"}"#);
    let findings = ran.json()["rooms"][0]["findings"].clone();
    assert_eq!(
        (ran.status, &findings[0]["code"], &findings[0]["roles"]),
        (1, &json!("lock-out"), &json!([4]))
    );
    // The example is a room that can be examined in turn.
    let example = findings[0]["example"].to_string();
    let ran = run_with(&["policy", "lint", "-"], example.as_bytes());
    assert!(ran.out.contains("warning lock-out"), "{example}: {}", ran.out);

    // Notes alone do not fail.
    let ran = run_with(&["policy", "lint", "-"], br#"{"roles": "cooperative"}"#);
    assert_eq!(ran.status, 0);
    let ran = run_with(&["policy", "lint", "-"], br#"{"roles": [{"index": 2}, {"index": 2}]}"#);
    assert_eq!(ran.status, 1);
    assert!(
        ran.out.starts_with("error duplicate-role: Role index 2 occurs more than once.\n"),
        "{}",
        ran.out
    );
}

#[test]
fn policy_can_tells_what_a_user_can_do_and_why_not() {
    let case = policy_case(3).to_string();
    let alice = ["policy", "can", "-", "--user", "mimi://a.example/u/alice"];
    let ran = run_with(&alice, case.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("mimi://a.example/u/alice has role 3.\nIt has "), "{}", ran.out);
    for line in [
        "yes  send a message: by canSendMessage of role 3",
        "yes  add a user who is not on the list with role 2: by canAddParticipant of role 3, whose role changes go from off the \
         list to role 2",
        "no   add a user who is not on the list with role 4: change 0: role 3 may not move anybody from role 0 to role 4",
    ] {
        assert!(ran.out.lines().any(|found| found == line), "{line}: {}", ran.out);
    }
    let json = run_with(&[&alice[..], &["--json"]].concat(), case.as_bytes()).json();
    assert_eq!((&json["role"], &json["capabilities"]["canSendMessage"]), (&json!(3), &json!(true)));
    let answers = json["answers"].as_array().unwrap();
    assert_eq!(answers.len(), ran.out.lines().count() - 3);
    assert!(answers.iter().any(|answer| answer["form"] == "message" && answer["allow"] == true));

    let ran = run_with(&["policy", "can", "-", "--user", "mimi://c.example/u/carol"], case.as_bytes());
    assert!(ran.out.starts_with("mimi://c.example/u/carol is not on the participant list.\n"), "{}", ran.out);
    let join = "\nyes  join with role 2 by a join code and add the client";
    assert!(ran.out.contains(join), "{}", ran.out);
    let ran = run_with(&["policy", "can", "-", "--user", "MIMI://c.example/u/carol"], case.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
}

#[test]
fn policy_who_asks_each_participant() {
    let mut case = policy_case(3);
    case["room"]["participants"] = json!([
        ["mimi://a.example/u/alice", 3],
        ["mimi://c.example/u/carol", 2],
        ["mimi://d.example/u/dan", 3]
    ]);
    case["room"]["clients"] = json!([
        ["mimi://a.example/u/alice", "mimi://a.example/d/a1"],
        ["mimi://c.example/u/carol", "mimi://c.example/d/c1"],
    ]);
    let ran = run_with(&["policy", "who", "-"], case.to_string().as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let starts = [
        "yes  mimi://a.example/u/alice (role 3): by canAddParticipant of role 3",
        "no   mimi://c.example/u/carol (role 2): change 0: role 2 lacks canAddParticipant",
        "no   mimi://d.example/u/dan (role 3): ",
    ];
    assert_eq!(ran.out.lines().count(), starts.len());
    for (line, start) in ran.out.lines().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    let json = run_with(&["policy", "who", "-", "--json"], case.to_string().as_bytes()).json();
    let allowed = json["cases"][0]["participants"].as_array().unwrap().iter().map(|found| &found["allow"]);
    assert_eq!(allowed.collect::<Vec<_>>(), [&json!(true), &json!(false), &json!(false)]);
    let ran = run_with(&["policy", "who", "-"], br#"{"roles": "strict"}"#);
    assert_eq!(ran.status, 1);
}

#[test]
fn policy_diff_tells_differences_and_who_is_concerned() {
    let directory = directory("diff");
    let (one, other) = (directory.join("one.json"), directory.join("other.json"));
    let mut before = json!({
        "roles": [
            {"index": 2, "name": "user", "capabilities": ["canSendMessage"]},
            {"index": 3, "name": "admin", "capabilities": ["canBan"]},
        ],
        "participants": [["mimi://a.example/u/alice", 3], ["mimi://b.example/u/bob", 2]],
    });
    fs::write(&one, before.to_string()).unwrap();
    let ran = run(&["policy", "diff", text(&one), text(&one)]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "no difference\n"));
    before["roles"] = json!([{"index": 2, "name": "user", "capabilities": ["canReceiveMessage"]}]);
    fs::write(&other, before.to_string()).unwrap();
    let ran = run(&["policy", "diff", text(&one), text(&other)]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    assert_eq!(
        ran.out,
        "role 2 loses canSendMessage\nrole 2 gets canReceiveMessage\nrole 3 is removed\n\
         Role 2: mimi://b.example/u/bob would have other rights or limits.\n\
         Role 3: mimi://a.example/u/alice would have a role that is not defined.\n"
    );
    let json = run(&["policy", "diff", text(&one), text(&other), "--json"]).json();
    assert_eq!(json["differences"].as_array().unwrap().len(), 3);
    assert_eq!(json["effect"]["roles"][1]["undefined"], json!(true));
}

#[test]
fn policy_matrix_prints_a_table() {
    let room = br#"{"roles": "multi_organization"}"#;
    let ran = run_with(&["policy", "matrix", "-"], room);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.contains("\n  canUnBan                          .  .  .  .  .  .  .  .  x  x\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80));
    let ran = run_with(&["policy", "matrix", "-", "--markdown"], room);
    assert!(ran.out.contains("\n| canUnBan |  |  |  |  |  |  |  |  | x | x |\n"), "{}", ran.out);
    let narrow = run_with(&["policy", "matrix", "-", "--width", "50"], room);
    assert!(narrow.out.lines().all(|line| line.chars().count() <= 50), "{}", narrow.out);
}

#[test]
fn policy_graph_draws_one_room() {
    let room = br#"{"roles": "multi_organization"}"#;
    for (format, start) in [("svg", "<svg "), ("dot", "digraph roles {"), ("mermaid", "flowchart LR")] {
        let ran = run_with(&["policy", "graph", "-", "--format", format], room);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(ran.out.starts_with(start) && ran.out.contains("org_b_admin"), "{}", ran.out);
    }
    let mut other = policy_case(3);
    other["room"]["roles"] = json!("moderated");
    let several = json!({"format": 1, "kind": "policy", "cases": [policy_case(3), other]}).to_string();
    let ran = run_with(&["policy", "graph", "-"], several.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (2, "mimi-vectors: -: 2 rooms; choose one with --case\n"));
}

#[test]
fn policy_says_what_is_wrong_with_its_input() {
    for (input, expected) in [
        ("{", "-: not JSON: "),
        (r#"{"rolez": []}"#, "-: room.rolez: no such member; there are base, roles, "),
        (
            r#"{"roles": [{"index": "2"}]}"#,
            "-: room.roles[0].index: expected an integer from 0 to 4294967295, found \"2\"",
        ),
        (
            r#"{"format": 1, "kind": "wire", "cases": []}"#,
            "-: expected format 1 and kind \"policy\", found format 1 and kind \"wire\"",
        ),
        (r#"{"format": 1, "kind": "policy", "cases": []}"#, "-: no cases"),
    ] {
        let ran = run_with(&["policy", "matrix", "-"], input.as_bytes());
        assert_eq!((ran.status, ran.out.as_str()), (1, ""));
        assert!(ran.err.starts_with(&format!("mimi-vectors: {expected}")), "{}", ran.err);
    }
    let ran = run_with(&["policy", "decide", "-"], br#"{"roles": "strict"}"#);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("a room by itself asks nothing"), "{}", ran.err);
    let ran = run(&["policy", "lint", "no-such-file.json"]);
    assert!(ran.status == 2 && ran.err.starts_with("mimi-vectors: no-such-file.json: "), "{}", ran.err);
}

/// The files of an archive in the format ustar.
fn untar(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let octal = |field: &[u8]| {
        let digits = std::str::from_utf8(field).unwrap().trim_end_matches(['\0', ' ']);
        usize::from_str_radix(digits, 8).unwrap()
    };
    let mut files = Vec::new();
    let mut at = 0;
    while archive[at] != 0 {
        let header = &archive[at..at + 512];
        let name = String::from_utf8(header[..100].to_vec()).unwrap();
        let spaced =
            header.iter().enumerate().map(|(i, byte)| if (148..156).contains(&i) { 32 } else { *byte });
        assert_eq!(spaced.map(usize::from).sum::<usize>(), octal(&header[148..156]), "{name}");
        assert_eq!((&header[257..263], header[156]), (&b"ustar\0"[..], b'0'));
        let size = octal(&header[124..136]);
        let content = archive[at + 512..at + 512 + size].to_vec();
        files.push((name.trim_end_matches('\0').to_owned(), content));
        at += 512 + size.next_multiple_of(512);
    }
    assert_eq!(archive[at..], [0; 1024]);
    files
}

#[test]
fn bundle_writes_all_files_with_their_hashes_and_the_same_bytes_each_time() {
    use sha2::{Digest, Sha256};
    let directory = directory("bundle");
    let (one, other) = (directory.join("one.tar"), directory.join("other.tar"));
    let ran = run(&["bundle", "--out", text(&one)]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let archive = fs::read(&one).unwrap();
    assert_eq!(ran.out, format!("{}  {}\n", hex::encode(Sha256::digest(&archive)), text(&one)));
    assert_eq!(run(&["bundle", "--out", text(&other)]).status, 0);
    assert_eq!(fs::read(&other).unwrap(), archive);

    let files = untar(&archive);
    let root = format!("mimi-test-vectors-{}/", env!("CARGO_PKG_VERSION"));
    let find = |path: &str| {
        let name = format!("{root}{path}");
        &files.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{path}")).1
    };
    let manifest: Value = serde_json::from_slice(find("manifest.json")).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    // The manifest does not list itself.
    assert_eq!(listed.len() + 1, files.len());
    for entry in listed {
        let content = find(entry["path"].as_str().unwrap());
        assert_eq!(entry["sha256"], hex::encode(Sha256::digest(content)));
        assert_eq!(entry["bytes"], content.len());
    }
    for (name, content) in SHIPPED {
        assert_eq!(find(&format!("vectors/{name}")), content.as_bytes());
    }
    for (name, content) in SCHEMAS {
        assert_eq!(find(&format!("schema/{name}")), content.as_bytes());
    }
    let notes: Value = serde_json::from_slice(find("notes.json")).unwrap();
    assert!(notes["franking"]["SenderMismatch"]["bug"].is_string());

    // Nothing is overwritten without --force.
    fs::write(&other, "something else").unwrap();
    let ran = run(&["bundle", "--out", text(&other)]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("--force"), "{}", ran.err);
    let ran = run(&["bundle", "--force", "--json", "--out", text(&other)]);
    assert_eq!((ran.status, ran.json()["files"].as_u64()), (0, Some(files.len() as u64)));
    assert_eq!(run(&["bundle", "--out", text(&directory.join("one.zip"))]).status, 2);
}
