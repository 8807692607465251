"""Fills generated requests with values that the OpenAPI document cannot express: existing ids,
allowed addresses, amounts of real currencies.

Only valid requests are changed, before they are sent; deliberately invalid requests stay invalid.
`seed.ts` creates the rows and lists their values in POSTRIDER_KNOWN, by the name of the field or of
the collection in a path.
"""

import json
import os
import random
import re

import schemathesis

KNOWN = json.loads(os.environ["POSTRIDER_KNOWN"])
# Generated signatures are refused before any other check; test/api/http/signatures.test.ts tests
# them.
SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}
# Probability of a known value instead of the generated one.
SHARE = 0.8


@schemathesis.hook
def before_call(context, case, **kwargs):
    for name in [name for name in case.headers or {} if name.lower() in SIGNATURE]:
        del case.headers[name]
    if case.meta is None:
        return
    if case.meta.generation.mode.value != "positive":
        description = getattr(case.meta.phase.data, "description", None) or ""
        if "with valid" in description and isinstance(case.body, dict):
            # Counted as invalid by Schemathesis, with nothing invalid in it. Bodies are strict.
            case.body["no_such_field"] = True
        return
    # Stateful tests take ids from earlier answers. A DELETE with a known id would use up its row.
    is_linked = case.meta.phase.name.value == "stateful"
    collection = re.match(r"(?:/v1)?/(?:[\w-]+/)?([\w-]+)/\{", case.path)
    if collection and case.method != "DELETE" and not is_linked:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known(collection[1], case.path_parameters[name])
    if case.operation.label == "POST /session" and isinstance(case.body, dict):
        # Failed tries are limited by the minute.
        case.body["api_key"] = KNOWN["api_key"][0]
    if case.operation.label == "POST /postback" and isinstance(case.body, dict):
        # A field must not be in both body and query.
        case.query = {"key": case.query["key"]}
    for fields in (case.query, case.body, *rows_of(case.body)):
        if isinstance(fields, dict):
            fill(fields, is_linked)
    if isinstance(case.body, dict) and case.operation.label == "PATCH /v1/operator":
        # These settings would refuse the following requests.
        for name in ("rate_per_second", "require_signature", "allowed_ips"):
            case.body.pop(name, None)


def rows_of(body):
    """Events of a batch body, and rows of a reconciliation body."""
    return [*body.get("events", []), *body.get("rows", [])] if isinstance(body, dict) else []


def fill(fields, is_linked):
    for name, value in fields.items():
        if value is not None and not (is_linked and name.endswith("_id")):
            fields[name] = known(name, value)


def known(name, otherwise):
    values = KNOWN.get(name)
    return random.choice(values) if values and random.random() < SHARE else otherwise
