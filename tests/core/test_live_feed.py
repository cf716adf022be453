"""What parallel workers tell reaches the one screen, wherever the run is and whatever was left in its folder."""

import queue

import pytest

from harness.live_feed import NAME, FeedReceiver, FeedSender
from harness.transcript.event import Event


@pytest.fixture(params=["run", "a-folder-with-a-long-name/" * 8], ids=["short path", "path longer than a socket's"])
def run_folder(tmp_path, request):
    folder = tmp_path / request.param
    folder.mkdir(parents=True)
    return folder


def test_a_worker_is_heard_also_after_a_run_that_was_killed(run_folder):
    (run_folder / NAME).touch()
    shown = queue.Queue()
    receiver = FeedReceiver(run_folder, shown.put)
    FeedSender(run_folder)(Event(1, 0.5, 7, "case", "step", "", "", {"text": "plugged in"}))
    assert shown.get(timeout=5).data == {"text": "plugged in"}
    receiver.close()
    assert not list(run_folder.iterdir())
