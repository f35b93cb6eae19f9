"""The vocabulary of the project: what every other room speaks. No I/O, no models, no corpus; numpy only."""
