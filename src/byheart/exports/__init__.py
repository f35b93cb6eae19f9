"""Results -> files that other tools read: SARIF, JUnit, GitHub, Parquet, CSV, model card. Needs neither corpus nor torch."""
