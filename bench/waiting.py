"""How much a second program on the same cores slows torch, with waiting threads that spin and with such that sleep.

`python bench/waiting.py` prints the gradient steps a second of a small network on all cores, alone and beside a second
one of its kind, for both settings of OMP_WAIT_POLICY. byheart sets PASSIVE when its models are imported.
"""

import argparse
import os
import subprocess
import sys
import time


def work(seconds: float) -> float:
    """Gradient steps a second of a network of eight layers of 256 on all threads of torch, for so long."""
    import torch

    network = torch.nn.Sequential(*(torch.nn.Linear(256, 256) for _ in range(8)))
    rows = torch.randn(512, 256)
    network(rows).sum().backward()
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        network(rows).sum().backward()
        steps += 1
    return steps / (time.perf_counter() - began)


def side_by_side(programs: int, policy: str, seconds: float) -> list[float]:
    """The speeds of so many programs that run at once."""
    command = [sys.executable, __file__, "--work", str(seconds)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_WAIT_POLICY": policy})
        for _ in range(programs)
    ]
    return [float(program.communicate()[0]) for program in started]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--work", type=float, help="only work, for so many seconds (what the table runs)")
    args = parser.parse_args()
    if args.work:
        print(work(args.work))
        return
    for policy in ("ACTIVE", "PASSIVE"):
        for programs in (1, 2):
            speeds = side_by_side(programs, policy, args.seconds)
            print(f"{policy:8} {programs} program(s): {' and '.join(f'{s:.1f}' for s in speeds)} steps a second each")


if __name__ == "__main__":
    main()
