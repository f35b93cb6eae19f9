import pytest

from byheart.cli import session


def test_lines_tell_share_and_time_left_every_so_often(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("byheart.cli.session.time.monotonic", lambda: now[0])
    report = session._Lines()
    # Resumed at 40: the speed is that of what was done since.
    for seconds, done in ((100.0, 40), (110.0, 45), (121.0, 50), (130.0, 55), (200.0, 60)):
        now[0] = seconds
        report("train", done, 100, "loss 2")
    report("score", 1, 0)
    assert capsys.readouterr().err.splitlines() == [
        "train ...",
        "train 50%, about 105 s left, loss 2",
        "train 60%, about 3 min left, loss 2",
        "score ...",
    ]
