"""A run's numbers from its tables alone, each beside the report's:  python studies/recompute.py RUN  (no byheart)."""

import json
import sys

import numpy as np
import pyarrow.parquet as parquet
from scipy.stats import beta, mannwhitneyu

scores, samples = (parquet.read_table(f"{sys.argv[1]}/{name}.parquet").to_pylist() for name in ("scores", "samples"))
results = [json.loads(line) for line in open(f"{sys.argv[1]}/results.jsonl", encoding="ascii")]
report = {(r["subject"], e["name"]): e for r in results for e in r.get("evidence", ()) if e["kind"] == "estimate"}
for who in dict.fromkeys(row["subject"] for row in scores):
    own = [row for row in scores if row["subject"] == who and row["in_base_sample"]]
    windows, pieces = ([row for row in own if row["need"] == need] for need in ("WindowsNeed", "HeldOutNeed"))
    texts = [row for row in samples if row["author"] == who and row["need"] == "ContinuationsNeed"]
    ours, seen = {}, np.array([row["role"] == "member" for row in windows])
    if windows:
        columns = ("log_probability_nats", "rank", "log_top_k_mass_nats")
        logs, ranks, masses = (np.array([row[name] or [0] for row in windows]) for name in columns)
        pz = np.exp(np.where(ranks <= 40, np.minimum(logs - masses, 0), -np.inf).sum(axis=1))
        for name, hits in (("greedy", (ranks == 1).all(axis=1)), ("pz_half", pz >= 0.5), ("pz_1e3", pz >= 0.001)):
            k, n = hits[seen].sum(), seen.sum()  # with its Clopper-Pearson interval
            bounds = beta.ppf(0.025, k, n - k + 1) if k else 0, beta.ppf(0.975, k + 1, n - k) if k < n else 1
            ours[f"extraction.{name}_rate"] = [k / n, *bounds]
        members, controls = logs[seen].mean(axis=1), logs[~seen].mean(axis=1)
        ours["membership.auc"] = [mannwhitneyu(members, controls).statistic / (members.size * controls.size)]
    if pieces:
        bits = -sum(sum(row["log_probability_nats"]) for row in pieces) / np.log(2)
        ours["adaptation.bits_per_byte"] = [bits / sum(row["num_scored_bytes"] for row in pieces)]
    if texts:  # novel 8-grams
        novel = np.concatenate([np.array(row["longest_match_tokens"])[:-7] < 8 for row in texts])
        ours["novelty.ngram_8_novel_rate"] = [novel.mean()]
    for name in (name for name in ours if (who, name) in report):
        said = [report[who, name][key] for key in ("value", "low", "high")][: len(ours[name])]
        print(json.dumps({"subject": who, "name": name, "ours": [float(x) for x in ours[name]], "report": said}))
