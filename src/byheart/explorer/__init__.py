"""The local explorer of a run, `byheart serve`: asks the study what a browser asks it, on 127.0.0.1 only."""
