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
# Made up, they are refused before anything else is looked at; test/api/signatures.test.ts has them.
SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}
# A known value is taken so often; otherwise what was generated stays.
SHARE = 0.8


@schemathesis.hook
def before_call(context, case, **kwargs):
    for name in [name for name in case.headers or {} if name.lower() in SIGNATURE]:
        del case.headers[name]
    if case.meta is None or case.meta.generation.mode.value != "positive" or case.meta.phase.name.value == "stateful":
        return
    # What is removed by its id is made first: that is the work of stateful runs.
    collection = re.match(r"(?:/v1)?/([\w-]+)/\{", case.path)
    if collection and case.method != "DELETE":
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known(collection[1], case.path_parameters[name])
    fill(case.query)
    fill(case.body)
    if isinstance(case.body, dict) and case.operation.label == "PATCH /v1/operator":
        # What would shut out the requests that follow.
        for name in ("rate_per_second", "require_signature", "allowed_ips"):
            case.body.pop(name, None)


def fill(fields):
    """Puts known values into an object and, for lists of objects, into each."""
    if isinstance(fields, list):
        for item in fields:
            fill(item)
    if not isinstance(fields, dict):
        return
    for name, value in fields.items():
        if isinstance(value, (dict, list)) and name != "metadata":
            fill(value)
        elif value is not None:
            fields[name] = known(name, value)


def known(name, otherwise):
    values = KNOWN.get(name)
    return random.choice(values) if values and random.random() < SHARE else otherwise
