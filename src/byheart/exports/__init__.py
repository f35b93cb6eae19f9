"""Results -> files that other tools read: SARIF, JUnit, GitHub, Parquet, CSV, model cards. Needs no corpus, model or torch."""
