import pytest

from byheart.cli.progress_view import Lines, Stages


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("byheart.cli.progress_view.time.monotonic", lambda: self.now)


def test_lines_tell_share_and_time_left_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    clock, report = Clock(monkeypatch), Lines(said.append)
    # Resumed at 40: the speed is that of what was done since.
    for seconds, done in ((100.0, 40), (110.0, 45), (121.0, 50), (130.0, 55), (200.0, 60)):
        clock.now = seconds
        report("train", done, 100, "loss 2")
    report("score", 1, 0)
    assert said == [
        "train ...",
        "train 50%, about 105 s left, loss 2",
        "train 60%, about 3 min left, loss 2",
        "score ...",
    ]


def test_a_stage_that_comes_again_is_not_announced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    clock, report = Clock(monkeypatch), Lines(said.append)
    for second, stage in enumerate(("score a", "write a", "score a", "write a")):
        clock.now = float(second)
        report(stage, second, 100)
    assert said == ["score a ...", "write a ..."]
    clock.now = 33.0
    report("write a", 13, 100)
    assert said[-1] == "write a 13%, about 4 min left"


def test_verbose_tells_how_long_each_stage_took_and_in_all_where_it_came_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    clock = Clock(monkeypatch)
    stages = Stages(said.append)
    for seconds, stage in ((0.0, "read"), (1.5, "score"), (3.5, "read"), (4.0, "")):
        clock.now = seconds
        stages.enter(stage)
    assert said == ["  read: 1.5 s", "  score: 2.0 s", "  read: 0.5 s, 2.0 s in all"]
