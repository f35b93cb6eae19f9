"""`python -m byheart` is the command `byheart`; `torchrun -m byheart train` starts it in several processes."""

from byheart.cli.app import main

main()
