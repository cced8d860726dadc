#!/usr/bin/python3
"""Records to look at pictures with, made from one real record of pinlab run: picture_data.py RECORD FOLDER writes

  FOLDER/tiny/   no collection; one; two
  FOLDER/huge/   a run of 10,000 collections with 512 maps of the heap; 1,000 short runs, as seeds, heaps and shares

They keep to the schema and have the real one's shapes; their figures are made up from it, and mean nothing."""

import copy
import json
import pathlib
import sys

MAPS = 512
NO_FIGURES = {"live": None, "space_overhead": None, "used_last": None}


def cut(record, collections):
    """The same run, ended after so many collections."""
    one = copy.deepcopy(record)
    kept = one["collections"] = one["collections"][:collections]
    last = kept[-1]["index"] if kept else -1
    one["heap_maps"] = [m for m in one["heap_maps"] or [] if m["collection"] <= last]
    exact = one["summary"]["exact"]
    exact["collections"] = {kind: sum(c["kind"] == kind for c in kept) for kind in ("young", "full")}
    if not exact["collections"]["full"]:
        exact.update(NO_FIGURES)
        exact["fragmentation"] = {**dict.fromkeys(exact["fragmentation"]), "unusable_contiguous": {"65536": None}}
        one["pins"] = []
        one["survival"] = {"collections": 0, "allocated": [], "live": []}
    return one


def stretched(record, collections, maps=MAPS):
    """The same run over and over, on clocks that go on."""
    one = copy.deepcopy(record)
    first, drawn = record["collections"], record["heap_maps"] or []
    length = first[-1]["clock"] + 1
    time = max(record["summary"]["timed"]["total"], first[-1]["timed"]["start"] + first[-1]["timed"]["pause"] + 1)
    one["collections"], one["heap_maps"] = [], []
    for i in range(collections):
        turn, place = divmod(i, len(first))
        new = copy.deepcopy(first[place])
        new["index"], new["clock"] = i, first[place]["clock"] + turn * length
        new["timed"]["start"] += turn * time
        new["timed"]["pause"] += i * 7919 % 1009 * 1000
        one["collections"].append(new)
    for i in range(maps if drawn else 0):
        new = copy.deepcopy(drawn[i % len(drawn)])
        new["collection"] = i * collections // maps
        new["clock"] = one["collections"][new["collection"]]["clock"]
        for island in new["islands"]:
            if island[4] is not None:
                island[4], island[5] = min(island[4], new["clock"]), min(island[5], new["clock"])
        one["heap_maps"].append(new)
    kinds = [c["kind"] for c in one["collections"]]
    one["summary"]["exact"]["collections"] = {kind: kinds.count(kind) for kind in ("young", "full")}
    one["summary"]["exact"]["allocated"] = one["collections"][-1]["clock"] + 1
    one["summary"]["timed"]["total"] = time * (1 + (collections - 1) // len(first))
    return one


def thousand(record, runs=1000):
    """Short runs: 20 seeds of 10 heaps and 5 shares, every 50th out of memory."""
    made = []
    for i in range(runs):
        one = cut(record, 12)
        one["heap_maps"] = None
        heap, share, seed = 1 + i % 10, i // 10 % 5, i // 50
        one["parameters"].update({"heap.max": f"{24 * heap}MiB", "pin.share": ["0", "0.0001", "0.001", "0.01", "0.05"][share],
                                  "seed": str(1 + seed), "record.heap_map": "none"})
        exact, spread = one["summary"]["exact"], 1 + i * 7919 % 101 / 1000
        exact["moved"] = int(exact["moved"] * spread * (1 + share) / heap)
        exact["pause_work"]["sum"] = int(exact["pause_work"]["sum"] * spread * (1 + share) / heap)
        one["summary"]["timed"]["total"] = int(one["summary"]["timed"]["total"] * spread * (1 + 0.2 * share / heap))
        hostage = exact["fragmentation"]["hostage"]
        if hostage:
            hostage["peak"] = int(hostage["peak"] * share * spread)
        if exact.get("space_overhead"):
            exact["space_overhead"] = int(exact["space_overhead"] * spread * (1 + 0.1 * heap))
        if heap == 1 and share == 4:
            one["outcome"], one["reason"] = "heap_exhausted", "made up"
        made.append(one)
    return made


def main(source, folder):
    record = json.loads(pathlib.Path(source).read_text())
    for name, records in (("tiny", [cut(record, n) for n in (0, 1, 2)]), ("huge", [stretched(record, 10000), *thousand(record)])):
        place = pathlib.Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        for i, one in enumerate(records):
            (place / f"r{i:04}.json").write_text(json.dumps(one, separators=(",", ":")))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
