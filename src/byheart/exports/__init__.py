"""Results -> files that other tools read: SARIF, JUnit, GitHub, Parquet, CSV, model card. Needs no corpus or torch."""
