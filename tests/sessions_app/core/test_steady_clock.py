"""A clock that is set forward makes nothing old, and one that is set back ends nothing early."""

from datetime import timedelta
from pathlib import Path

from sessions_app.core.steady_clock import SteadyClock

YEAR = 365 * 86_400.0


class Machine:
    """A machine whose clock can be set."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.offset = 1_700_000_000.0

    def wall(self) -> float:
        return self.offset + self.seconds

    def count(self) -> float:
        return self.seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(self.wall, self.count)


def test_it_goes_on_evenly_whatever_is_done_to_the_machines() -> None:
    machine = Machine()
    clock = machine.clock()
    began = clock.now()
    for jump in (15, 3_600, -7_200, YEAR):
        machine.seconds += 10
        machine.offset += jump
    assert clock.now() - began == timedelta(seconds=40)


def test_it_takes_the_machines_time_when_it_may() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.offset += 3_600
    clock.sync()
    assert clock.now().timestamp() == machine.wall()


def test_nothing_is_old_by_a_clock_that_was_set_forward_and_less_by_one_set_back() -> None:
    machine = Machine()
    clock = machine.clock()
    true = machine.wall()
    machine.offset += YEAR
    clock.sync()
    assert clock.earliest().timestamp() == true
    machine.offset -= YEAR + 3_600
    assert clock.earliest().timestamp() == true - 3_600


def test_a_clock_that_was_set_forward_is_believed_after_a_day() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.offset += YEAR
    assert clock.check() == YEAR
    for _ in range(24):
        machine.seconds += 3_599
        assert clock.check() == 0
        assert clock.earliest().timestamp() == machine.wall() - YEAR
    machine.seconds += 3_600
    assert clock.earliest().timestamp() == machine.wall()


def test_the_next_process_of_the_machine_hears_of_it(tmp_path: Path) -> None:
    machine = Machine()
    machine.clock().save(tmp_path / "clock")
    machine.seconds += 30
    machine.offset += YEAR
    later = machine.clock()
    later.restore(tmp_path / "clock")
    assert later.earliest().timestamp() == machine.wall() - YEAR
    later.save(tmp_path / "clock")
    machine.clock().restore(tmp_path / "nowhere")
    (tmp_path / "clock").write_text("{}")
    heard = machine.clock()
    heard.restore(tmp_path / "clock")
    assert heard.earliest().timestamp() == machine.wall()


def test_what_another_machine_or_another_start_of_it_noted_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text('{"boot": "another", "offset": 0}')
    machine = Machine()
    clock = machine.clock()
    clock.restore(tmp_path / "clock")
    assert clock.earliest().timestamp() == machine.wall()
