"""Terraform as a process: its lines as they come, one SIGINT and never a second one."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from gwctl.environments.terraform.process import Interrupts, interrupt, run
from support.processes import wait_until

COUNTS_SIGNALS = """
import signal, sys, time
count = 0
def handle(*_):
    global count
    count += 1
    print(f"signal {count}", flush=True)
signal.signal(signal.SIGINT, handle)
print("ready", flush=True)
deadline = time.monotonic() + 20
while count == 0 and time.monotonic() < deadline:
    time.sleep(0.02)
time.sleep(0.5)
print("done", flush=True)
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_lines_come_one_by_one_and_the_exit_code_at_the_end(tmp_path: Path):
    heard: list[str] = []
    program = "import sys; print('one'); print('two'); print('three', file=sys.stderr); sys.exit(3)"
    done = run(python(program), directory=tmp_path, environment=os.environ, listener=heard.append)
    assert (heard, done.code, done.out, done.err) == (["one", "two"], 3, "one\ntwo", "three")


def test_the_environment_is_the_one_that_is_given(tmp_path: Path):
    done = run(python("import os; print(os.environ['ONLY'])"), directory=tmp_path, environment={"ONLY": "this"})
    assert done.out == "this"


def test_the_log_is_readable_by_the_owner_alone(tmp_path: Path):
    log = tmp_path / "log"
    run(python("print('said')"), directory=tmp_path, environment=os.environ, log=log)
    assert log.read_text() == "said\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_bytes_that_are_not_utf_8_are_no_obstacle(tmp_path: Path):
    done = run(python(r"import os; os.write(1, b'a\xffb\n')"), directory=tmp_path, environment=os.environ)
    assert done.out == "a\ufffdb"


def test_ctrl_c_reaches_it_once_however_often_it_is_pressed(tmp_path: Path):
    told: list[int] = []
    interrupts = Interrupts(told=told.append)

    def press(line: str) -> None:
        if line == "ready":
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)

    done = run(
        python(COUNTS_SIGNALS), directory=tmp_path, environment=os.environ, listener=press, interrupts=interrupts
    )
    assert done.out.splitlines() == ["ready", "signal 1", "done"]
    assert done.interrupted
    assert told == [1, 2, 3]


def test_afterwards_ctrl_c_means_what_it_meant_before(tmp_path: Path):
    before = signal.getsignal(signal.SIGINT)
    run(python("pass"), directory=tmp_path, environment=os.environ)
    assert signal.getsignal(signal.SIGINT) is before


def test_on_another_thread_no_signal_is_handled(tmp_path: Path):
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(run(python("print(1)"), directory=tmp_path, environment=os.environ).code)
    )
    thread.start()
    thread.join()
    assert codes == [0]


def test_below_terragrunt_it_is_terraform_that_is_told(tmp_path: Path):
    """Terragrunt would pass a signal on once more, later, and Terraform would take that for a second Ctrl-C."""
    terraform = tmp_path / "terraform"
    terraform.symlink_to(sys.executable)
    parent = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGINT, lambda *_: print('parent told', flush=True))\n"
        f"sys.exit(subprocess.call([{str(terraform)!r}, '-c', {COUNTS_SIGNALS!r}]))\n"
    )
    process = subprocess.Popen(python(parent), stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    interrupt(process.pid)
    assert process.stdout.read().splitlines() == ["signal 1", "done"]
    assert process.wait() == 0


def test_a_process_that_has_ended_is_no_error():
    process = subprocess.Popen(python("pass"))
    process.wait()
    wait_until(lambda: process.poll() is not None, "its end")
    interrupt(process.pid)
