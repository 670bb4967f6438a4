#!/usr/bin/python3
"""valid.py SCHEMA REPORT... - whether reports are JSON that the schema accepts; says briefly what is not."""
import json
import sys

import jsonschema


def main(schema, *reports):
    with open(schema) as f:
        schema = json.load(f)
    validator = jsonschema.validators.validator_for(schema)(schema)
    wrong = 0
    for name in reports:
        with open(name) as f:
            try:
                errors = list(validator.iter_errors(json.load(f)))
            except ValueError as e:
                sys.exit("%s: not JSON: %s" % (name, e))
        for e in errors:
            print("%s: %s: %.200s" % (name, "/".join(map(str, e.path)) or "report", e.message))
        wrong += len(errors)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
