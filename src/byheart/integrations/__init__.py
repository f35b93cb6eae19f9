"""byheart inside of other tools: transformers' Trainer, lm-evaluation-harness, pre-commit."""
