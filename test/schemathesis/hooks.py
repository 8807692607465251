"""What Schemathesis cannot read from the document: ids that are there, addresses that may be called, amounts of real currencies.

Only requests that keep to the document are changed, and only before they are sent: what is wrong on purpose stays wrong. `seed.ts` makes
the rows and names them in POSTRIDER_KNOWN, as lists of values by the name of the field or of the collection in a path.
"""

import json
import os
import random
import re

import schemathesis

KNOWN = json.loads(os.environ["POSTRIDER_KNOWN"])
# Made up, they are refused before anything else is looked at; test/api/http/signatures.test.ts has them.
SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}
# A known value is taken so often; otherwise what was generated stays.
SHARE = 0.8


@schemathesis.hook
def before_call(context, case, **kwargs):
    for name in [name for name in case.headers or {} if name.lower() in SIGNATURE]:
        del case.headers[name]
    if case.meta is None or case.meta.generation.mode.value != "positive":
        return
    # There, ids come from earlier answers; elsewhere, what is removed by its id would have to be made first.
    is_linked = case.meta.phase.name.value == "stateful"
    collection = re.match(r"(?:/v1)?/([\w-]+)/\{", case.path)
    if collection and case.method != "DELETE" and not is_linked:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known(collection[1], case.path_parameters[name])
    if case.operation.label == "POST /postback" and isinstance(case.body, dict):
        # What is in the body must not be in the query as well.
        case.query = {"key": case.query["key"]}
    for fields in (case.query, case.body, *rows_of(case.body)):
        if isinstance(fields, dict):
            fill(fields, is_linked)
    if isinstance(case.body, dict) and case.operation.label == "PATCH /v1/operator":
        # What would shut out the requests that follow.
        for name in ("rate_per_second", "require_signature", "allowed_ips"):
            case.body.pop(name, None)


def rows_of(body):
    """The events of a batch, and the rows of a list."""
    return [*body.get("events", []), *body.get("rows", [])] if isinstance(body, dict) else []


def fill(fields, is_linked):
    for name, value in fields.items():
        if value is not None and not (is_linked and name.endswith("_id")):
            fields[name] = known(name, value)


def known(name, otherwise):
    values = KNOWN.get(name)
    return random.choice(values) if values and random.random() < SHARE else otherwise
