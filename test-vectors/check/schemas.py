#!/usr/bin/env python3
"""Checks the files against the JSON Schema of their kind: `python3 schemas.py [PATH…]`, without PATH the shipped ones."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

HERE = Path(__file__).resolve().parent
SCHEMAS = {path.name: json.loads(path.read_text()) for path in (HERE.parent / "schema").glob("*.schema.json")}
REGISTRY = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())


def main(arguments):
    failed = 0
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    for path in map(Path, arguments or sorted((HERE.parent / "vectors").glob("*.json"))):
        document = json.loads(path.read_text())
        schema = SCHEMAS.get(f"{document.get('kind')}.schema.json")
        if schema is None:
            print(f"{path}: no schema for kind {document.get('kind')!r}")
            failed += 1
            continue
        errors = list(Draft202012Validator(schema, registry=REGISTRY).iter_errors(document))
        for error in errors:
            print(f"{path}: {error.json_path}: {error.message[:200]}")
        print(f"{path.name}: {'fits its schema' if not errors else f'{len(errors)} errors'}")
        failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
