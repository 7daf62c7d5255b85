#!/usr/bin/env python3
"""Checks MIMI's test vectors without any of the Rust code; without PATH, the shipped ones.

Exit status: 0 all holds, 1 a case failed or was not judged (unless that is allowed), 2 wrong usage. A case is not judged if its
format, kind, cipher suite, revision, type or rule of names is unknown. What must be computed stands in ../README.md.
"""

import argparse
import difflib
import json
import os
import sys
from pathlib import Path

import apq
import associated_party
import attachment
import connection
import content
import derivation
import franking
import group_info
import identifier_query
import identity_link
import key_package_set
import leaf_operation_intent
import link_keys
import markdown
import message_id_aad
import message_status
import name
import policy
import private_external
import retraction
import room
import room_rule
import semi_private
import timeline
import virtual_client
import wire
from case import Case, Wrong
from suites import Unjudged

KINDS = {
    "apq": apq,
    "associated-party": associated_party,
    "attachment": attachment,
    "connection": connection,
    "content": content,
    "derivation": derivation,
    "franking": franking,
    "group-info": group_info,
    "identifier-query": identifier_query,
    "identity-link": identity_link,
    "key-package-set": key_package_set,
    "leaf-operation-intent": leaf_operation_intent,
    "link-keys": link_keys,
    "markdown": markdown,
    "message-id-aad": message_id_aad,
    "message-status": message_status,
    "name": name,
    "policy": policy,
    "private-external": private_external,
    "retraction": retraction,
    "room": room,
    "room-rule": room_rule,
    "semi-private": semi_private,
    "timeline": timeline,
    "virtual-client": virtual_client,
    "wire": wire,
}


def no_member_twice(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def is_note(note):
    return isinstance(note, dict) and all(isinstance(note.get(it), str) for it in ("about", "bug", "section"))


def is_selected(data, only, without):
    flags = set(data.get("flags") or []) if isinstance(data, dict) else set()
    return (not only or bool(flags & set(only))) and not flags & set(without)


def failures(document, only=(), without=()):
    """(case, failure) for all that is wrong with a file's content, (case, reason) for all that was not judged, and the number of
    the cases that were selected."""
    if not isinstance(document, dict):
        return [("", "not a JSON object")], [], 0
    cases = document.get("cases")
    if not isinstance(cases, list) or not cases:
        return [("", "no cases")], [], 0
    notes = document.get("notes") or {}
    if not isinstance(notes, dict) or not all(map(is_note, notes.values())):
        return [("", "notes: not an object of flags, each with about, bug and section")], [], 0
    cases = [it for it in cases if is_selected(it, only, without)]
    if document.get("format") != 1:
        return [], [("", f"format {document.get('format')!r} is unknown")] * len(cases), 0
    kind = KINDS.get(document.get("kind"))
    if kind is None:
        return [], [("", f"kind {document.get('kind')!r} is unknown")] * len(cases), 0
    found, unjudged, names = [], [], set()
    for data in cases:
        label = data.get("name")
        if not isinstance(label, str) or label in names:
            found.append((str(label), "name: missing, or not unique"))
        names.add(label)
        for flag in data.get("flags") or []:
            if flag not in notes:
                found.append((label, f"flags: {flag!r} is not in the file's notes"))
        case = Case(data)
        try:
            (kind.valid if case.is_valid else kind.invalid)(case)
        except Unjudged as reason:
            unjudged.append((label, str(reason)))
        except Wrong as wrong:
            found.append((label, str(wrong)))
    return found, unjudged, len(cases)


STANDARD_INPUT = Path("standard input")


def read(path):
    return sys.stdin.read() if path is STANDARD_INPUT else path.read_text()


def files(paths):
    for path in map(Path, paths):
        if str(path) == "-":
            yield STANDARD_INPUT
        elif path.is_dir():
            yield from sorted(path.rglob("*.json"))
        elif path.exists():
            yield path
        else:
            print(f"check: no such file: {path}", file=sys.stderr)
            sys.exit(2)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, directories that are searched for .json, or - for standard input")
    parser.add_argument("--allow-unjudged", action="store_true", help="succeed although some cases are not judged")
    parser.add_argument("--json", action="store_true", help="print the results as `mimi-vectors verify --json` does")
    parser.add_argument("--only", action="append", default=[], metavar="FLAG", help="only cases with this flag, or one of several")
    parser.add_argument("--without", action="append", default=[], metavar="FLAG", help="no case with this flag")
    options = parser.parse_args(arguments)
    total = failed = skipped = 0
    results = []
    say = (lambda text: None) if options.json else print
    paths = list(files(options.paths or [Path(__file__).resolve().parent.parent / "vectors"]))
    known = set()
    for path in paths:
        try:
            document = json.loads(read(path), object_pairs_hook=no_member_twice)
        except ValueError as error:
            say(f"{path}: {error}")
            results.append(result(path, {}, [("", str(error))], [], 0))
            failed += 1
            continue
        known |= set(document.get("notes") or {}) if isinstance(document, dict) else set()
        found, unjudged, cases = failures(document, options.only, options.without)
        total += cases
        failed += len(found)
        skipped += len(unjudged)
        for label, reason in unjudged:
            say(f"{path}: {label}: not judged: {reason}")
        for label, failure in found:
            say(f"{path}: {label}: {failure}")
        say(f"{path.name}: {cases} cases, {len(found)} failures")
        results.append(result(path, document, found, unjudged, cases))
    for flag in options.only + options.without:
        if flag not in known:
            near = difflib.get_close_matches(flag, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            print(f"check: no file has the flag {flag!r}{meant}", file=sys.stderr)
            return 2
    say(f"{total} cases in {len(paths)} files, {failed} failures, {skipped} not judged")
    bad = failed or (skipped and not options.allow_unjudged) or not (total or skipped)
    if options.json:
        print(json.dumps({"holds": not bad, "files": results}))
    return 1 if bad else 0


def result(path, document, found, unjudged, cases):
    """What became of a file, in the form that `mimi-vectors conformance` reads. Without a name, it is the file as a whole."""
    kind = document.get("kind") if isinstance(document, dict) else None
    failures = [{"case": label or None, "found": reason} for label, reason in found]
    skipped = [{"case": label or None, "found": reason} for label, reason in unjudged]
    return {"file": str(path), "kind": kind, "cases": cases, "failures": failures, "unjudged": skipped}


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; nothing is said to hold, though.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
