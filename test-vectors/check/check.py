#!/usr/bin/env python3
"""Checks MIMI's test vectors without any of the Rust code: `python3 check.py [--allow-unjudged] [PATH…]`, without PATH the shipped ones.

Exit status: 0 all holds, 1 a case failed or was not judged (unless that is allowed), 2 wrong usage. A case is not judged if its
format, kind, cipher suite, revision or rule of names is unknown. What must be computed stands in ../README.md.
"""

import json
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
import markdown
import message_id_aad
import message_status
import name
import policy
import private_external
import retraction
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
    "markdown": markdown,
    "message-id-aad": message_id_aad,
    "message-status": message_status,
    "name": name,
    "policy": policy,
    "private-external": private_external,
    "retraction": retraction,
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


def failures(document):
    """(case, failure) for all that is wrong with a file's content, (case, reason) for all that was not judged, and the number of its cases."""
    cases = document.get("cases")
    if not isinstance(cases, list) or not cases:
        return [("", "no cases")], [], 0
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
        case = Case(data)
        try:
            (kind.valid if case.is_valid else kind.invalid)(case)
        except Unjudged as reason:
            unjudged.append((label, str(reason)))
        except Wrong as wrong:
            found.append((label, str(wrong)))
    return found, unjudged, len(cases)


def files(paths):
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(path.rglob("*.json"))
        elif path.exists():
            yield path
        else:
            print(f"check: no such file: {path}", file=sys.stderr)
            sys.exit(2)


def main(arguments):
    allow_unjudged = "--allow-unjudged" in arguments
    arguments = [it for it in arguments if it != "--allow-unjudged"]
    total = failed = skipped = 0
    paths = list(files(arguments or [Path(__file__).resolve().parent.parent / "vectors"]))
    for path in paths:
        try:
            document = json.loads(path.read_text(), object_pairs_hook=no_member_twice)
        except ValueError as error:
            print(f"{path}: {error}")
            failed += 1
            continue
        found, unjudged, cases = failures(document)
        total += cases
        failed += len(found)
        skipped += len(unjudged)
        for label, reason in unjudged:
            print(f"{path}: {label}: not judged: {reason}")
        for label, failure in found:
            print(f"{path}: {label}: {failure}")
        print(f"{path.name}: {cases} cases, {len(found)} failures")
    print(f"{total} cases in {len(paths)} files, {failed} failures, {skipped} not judged")
    bad = failed or (skipped and not allow_unjudged) or not (total or skipped)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
