"""A run's numbers from its tables alone, each beside the report's:  python studies/recompute.py RUN  (no byheart)."""

import json
import sys

import numpy as np
import pyarrow.parquet as parquet
from scipy.stats import beta, mannwhitneyu

COLUMNS = ("log_probability_nats", "rank", "log_top_k_mass_nats")
scores, samples = (parquet.read_table(f"{sys.argv[1]}/{name}.parquet").to_pylist() for name in ("scores", "samples"))
results = map(json.loads, open(f"{sys.argv[1]}/results.jsonl", encoding="ascii"))
report = {(r["subject"], e["name"]): e for r in results for e in r.get("evidence", ()) if e["kind"] == "estimate"}
for who in dict.fromkeys(row["subject"] for row in scores):
    own = [row for row in scores if row["subject"] == who and row["in_base_sample"]]
    windows, pieces = ([row for row in own if row["need"] == need] for need in ("WindowsNeed", "HeldOutNeed"))
    texts = [row for row in samples if row["author"] == who and row["need"] == "ContinuationsNeed"]
    ours, seen = {}, np.array([row["role"] == "member" for row in windows])
    if windows:
        logs, ranks, masses = (np.array([row[name] or [0] for row in windows]) for name in COLUMNS)
        pz = np.exp(np.where(ranks <= 40, np.minimum(logs - masses, 0), -np.inf).sum(axis=1))
        for name, hits in (("greedy", (ranks == 1).all(axis=1)), ("pz_half", pz >= 0.5), ("pz_1e3", pz >= 0.001)):
            k, n = hits[seen].sum(), seen.sum()  # with its Clopper-Pearson interval
            low, high = beta.ppf(0.025, k, n - k + 1) if k else 0, beta.ppf(0.975, k + 1, n - k) if k < n else 1
            ours[f"extraction.{name}_rate"] = [k / n, low, high]
        members, controls = logs[seen].mean(axis=1), logs[~seen].mean(axis=1)
        ours["membership.auc"] = [mannwhitneyu(members, controls).statistic / (members.size * controls.size)]
    if pieces:
        nats, size = (sum(np.sum(row[name]) for row in pieces) for name in ("log_probability_nats", "num_scored_bytes"))
        ours["adaptation.bits_per_byte"] = [-nats / np.log(2) / size]
    if texts:
        novel = np.concatenate([np.array(row["longest_match_tokens"])[:-7] < 8 for row in texts])
        ours["novelty.ngram_8_novel_rate"] = [novel.mean()]  # 8-grams
    for name in (name for name in ours if (who, name) in report):
        said = [report[who, name][key] for key in ("value", "low", "high")][: len(ours[name])]
        print(json.dumps({"subject": who, "name": name, "ours": [*map(float, ours[name])], "report": said}))
