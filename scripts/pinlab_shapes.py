"""What the files of sweeps, gates and calibrations must look like, in the part of JSON Schema that pinlab_files reads, with two
words more: `needs`, the keys that must be there, and `closed`, that there are no others.
"""

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
COUNT = {"type": "integer", "minimum": 0}
DIGEST = {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"}
SHARE = {"type": "number", "minimum": 0}

POLICY = {
    "type": "object", "closed": True, "needs": ["schema"],
    "properties": {
        "schema": {"const": "pinlab/gate/1"},
        "alpha": {"type": "number", "minimum": 0, "maximum": 1},
        "min_samples": {"type": "integer", "minimum": 2},
        "on_missing": {"enum": ["fail", "ignore"]},
        "metrics": {"type": "array", "items": {
            "type": "object", "closed": True, "needs": ["name", "kind"],
            "properties": {
                "name": TEXT,
                "kind": {"enum": ["exact", "sampled"]},
                "max_increase": {"type": "number"},
                "max_ratio": SHARE,
                "allow": {"enum": ["better"]},
                "min_effect": {"anyOf": [{"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%?$"}, SHARE]},
                "advisory": {"type": "boolean"},
            }}},
    }}

NOISE = {
    "type": "object", "needs": ["schema", "metrics"],
    "properties": {
        "schema": {"const": "pinlab/noise/1"},
        "metrics": {"type": "object", "additionalProperties": {"type": "object", "needs": ["noise"], "properties": {"noise": SHARE}}},
    }}

EXACT = {
    "type": "object", "needs": ["schema", "parameters", "cells"],
    "properties": {
        "parameters": TEXTS,
        "cells": {"type": "array", "items": {
            "type": "object", "needs": ["axes", "parameters", "outcome", "exact", "digest", "graph_digest"],
            "properties": {"axes": TEXTS, "parameters": TEXTS, "outcome": {"type": ["string", "null"]},
                           "exact": {"type": ["object", "null"]}, "digest": DIGEST, "graph_digest": DIGEST}}},
    }}

MANIFEST = {
    "type": "object", "needs": ["axes", "session", "reps", "limits", "program", "environment", "parameters", "cells"],
    "properties": {
        "axes": {"type": "array", "items": {"type": "object", "needs": ["names"],
                                            "properties": {"names": {"type": "array", "items": TEXT}}}},
        "session": {"type": ["string", "null"]},
        "reps": {"type": "integer", "minimum": 1},
        "limits": {"type": "object", "needs": ["timeout", "memory", "jobs"],
                   "properties": {"timeout": COUNT, "memory": COUNT, "jobs": {"type": "integer", "minimum": 1}}},
        "program": {"type": "object", "needs": ["path", "hash", "version"],
                    "properties": {"path": TEXT, "hash": TEXT, "version": TEXT}},
        "environment": {"type": "object"},
        "parameters": TEXTS,
        "cells": {"type": "array", "items": {"type": "object", "needs": ["cell", "axes", "parameters"],
                                             "properties": {"cell": TEXT, "axes": TEXTS, "parameters": TEXTS}}},
    }}

RUN = {
    "type": ["object", "null"], "needs": ["exact", "timed", "digest"],
    "properties": {"digest": DIGEST, "graph_digest": DIGEST}}

REP_END = {
    "type": "object", "needs": ["cell", "rep", "outcome", "run"],
    "properties": {"cell": TEXT, "rep": {"type": "integer", "minimum": 1}, "outcome": TEXT, "run": RUN,
                   "wall_ns": {"type": ["integer", "null"], "minimum": 0}, "reason": TEXT}}
