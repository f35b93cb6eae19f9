"""`python -m byheart.cli` is `byheart`."""

from byheart.cli.app import main

main()
