"""Parse, call, exit code. Everything that a person types or sees in a terminal."""
