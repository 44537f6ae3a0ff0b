"""Work ends once its time is up, at the next report of a stage that is not done."""

import pytest

from pluriscope.analysis.running.progress import OutOfTime, Progress
from pluriscope.analysis.running.work import Work


def test_a_deadline_ends_what_is_not_done_and_nothing_else():
    now = 0.0
    answer: list[Progress] = []
    work = Work(answer.append, clock=lambda: now).for_seconds(10.0)
    work.report_step("circuits", 1, 2)
    work.check()
    now = 10.0
    work.report_step("circuits", 2, 2)
    with pytest.raises(OutOfTime):
        work.report_step("interpretations", 0, 2)
    with pytest.raises(OutOfTime):
        work.check()
    assert len(answer) == 3


@pytest.mark.parametrize(("problem", "answer"), [(OutOfTime, "time"), (MemoryError, "memory")])
def test_a_stage_keeps_what_it_has_and_what_ended_it_is_noted(problem, answer):
    work, done = Work(), []
    with work.ending("circuits"):
        done.append(1)
        raise problem
    assert (done, work.ended) == ([1], {"circuits": answer})
    with work.for_seconds(1.0).ending("criteria"):
        done.append(2)
    assert work.ended == {"circuits": answer}
    with pytest.raises(ZeroDivisionError), work.ending("circuits"):
        raise ZeroDivisionError


def test_a_request_to_stop_ends_the_time():
    asked = False
    work = Work(stopped=lambda: asked).for_seconds(10.0)
    work.check()
    asked = True
    with pytest.raises(OutOfTime):
        work.check()
